#include <algorithm>
#include <cmath>
#include <numbers>
#include <openvino/op/ops.hpp>

#include "bake/graph/layers.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

// Llama 3.1's scaling: long wavelengths are divided by the factor, short ones kept, those between blended.
double llama3_frequency(const RopeConfig& rope, double frequency) {
    const auto context = static_cast<double>(rope.original_context);
    const double wavelength = 2.0 * std::numbers::pi / frequency;
    if (wavelength < context / rope.high_freq_factor) return frequency;
    if (wavelength > context / rope.low_freq_factor) return frequency / rope.factor;
    const double blend =
        (context / wavelength - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor);
    return (1.0 - blend) * frequency / rope.factor + blend * frequency;
}

// The base of a sequence longer than the model was trained for: it grows so that the longest wave is
// stretched by as much as the sequence, and the shortest not at all.
double dynamic_theta(const RopeConfig& rope, int64_t turned) {
    const auto original = static_cast<double>(rope.original_context);
    const double length = std::max(static_cast<double>(rope.sequence), original);
    const auto size = static_cast<double>(turned);
    return rope.theta * std::pow(rope.factor * length / original - (rope.factor - 1), size / (size - 2));
}

// YaRN, section 3.2: how much of each pair is divided by the factor, from 0 for waves that turn beta_fast
// times within the original context to 1 for those that turn beta_slow times.
class YarnBlend {
public:
    YarnBlend(const RopeConfig& rope, int64_t turned) {
        const auto size = static_cast<double>(turned);
        const auto pair_that_turns = [&](double turns) {
            const double waves =
                static_cast<double>(rope.original_context) / (turns * 2.0 * std::numbers::pi);
            return size * std::log(waves) / (2.0 * std::log(rope.theta));
        };
        begin_ = pair_that_turns(rope.beta_fast);
        end_ = pair_that_turns(rope.beta_slow);
        if (rope.truncate) {
            begin_ = std::floor(begin_);
            end_ = std::ceil(end_);
        }
        begin_ = std::max(begin_, 0.0);
        end_ = std::min(end_, size - 1);
        if (begin_ == end_) end_ += 0.001;
    }
    double operator()(int64_t pair) const {
        return std::clamp((static_cast<double>(pair) - begin_) / (end_ - begin_), 0.0, 1.0);
    }

private:
    double begin_ = 0;
    double end_ = 0;
};

}  // namespace

std::vector<float> inverse_frequencies(const RopeConfig& rope, int64_t head_size, const float* factors) {
    using Scaling = RopeConfig::Scaling;
    const int64_t turned = rope.turned_of(head_size);
    const double theta = rope.scaling == Scaling::dynamic ? dynamic_theta(rope, turned) : rope.theta;
    const YarnBlend blend(rope, turned);
    const auto& listed = rope.is_long() ? rope.long_factors : rope.short_factors;
    std::vector<float> result;
    for (int64_t pair = 0; pair < turned / 2; ++pair) {
        const double exponent = static_cast<double>(2 * pair) / static_cast<double>(turned);
        double frequency = 1.0 / std::pow(theta, exponent);
        const auto own_factor = [&] {
            const auto index = static_cast<size_t>(pair);
            return listed.empty() ? static_cast<double>(factors[index]) : listed[index];
        };
        switch (rope.scaling) {
            case Scaling::none:
            case Scaling::dynamic:
                break;
            case Scaling::linear:
                frequency /= rope.factor;
                break;
            case Scaling::llama3:
                frequency = llama3_frequency(rope, frequency);
                break;
            case Scaling::yarn:
                frequency *= 1.0 - blend(pair) * (1.0 - 1.0 / rope.factor);
                break;
            case Scaling::proportional:
                frequency = pair < rope.turning_pairs ? frequency / rope.factor : 0.0;
                break;
            case Scaling::longrope:
            case Scaling::factors:
                frequency /= own_factor();
                break;
        }
        result.push_back(static_cast<float>(frequency));
    }
    return result;
}

RopeTables rope_tables(const Value& position_ids, const std::vector<float>& inverse_frequency,
                       int64_t head_size, double attention_factor) {
    const auto frequencies =
        v0::Constant::create(ov::element::f32, {1, 1, 1, inverse_frequency.size()}, inverse_frequency);
    const auto positions = std::make_shared<v0::Convert>(position_ids, ov::element::f32);
    // [batch, sequence] to [batch, 1, sequence, 1], so that the tables broadcast over heads.
    const auto axes = v0::Constant::create(ov::element::i64, {2}, {1, 3});
    const auto column = std::make_shared<v0::Unsqueeze>(positions, axes);
    const auto angles = std::make_shared<v1::Multiply>(column, frequencies);
    const auto turned = static_cast<int64_t>(2 * inverse_frequency.size());
    ov::OutputVector parts{angles, angles};
    if (turned < head_size) {
        const std::vector<float> zeros(static_cast<size_t>(head_size - turned), 0.0F);
        const auto still = v0::Constant::create(ov::element::f32, {1, 1, 1, zeros.size()}, zeros);
        parts.push_back(std::make_shared<v1::Multiply>(column, still));
    }
    const auto all = std::make_shared<v0::Concat>(parts, -1);
    const auto cosine = std::make_shared<v0::Cos>(all);
    const auto sine = std::make_shared<v0::Sin>(all);
    cosine->set_friendly_name("rope/cosine");
    sine->set_friendly_name("rope/sine");
    if (attention_factor == 1.0) return {cosine, sine, turned};
    std::vector<float> factors(static_cast<size_t>(head_size), 1.0F);
    std::fill_n(factors.begin(), turned, static_cast<float>(attention_factor));
    const auto row = v0::Constant::create(ov::element::f32, {1, 1, 1, factors.size()}, factors);
    return {std::make_shared<v1::Multiply>(cosine, row), std::make_shared<v1::Multiply>(sine, row), turned};
}

Value query_growth(const Value& position_ids, const QueryGrowth& growth) {
    const auto scalar = [](double value) {
        return v0::Constant::create(ov::element::f32, {}, {static_cast<float>(value)});
    };
    const auto positions = std::make_shared<v0::Convert>(position_ids, ov::element::f32);
    const auto axes = v0::Constant::create(ov::element::i64, {2}, {1, 3});
    const auto column = std::make_shared<v0::Unsqueeze>(positions, axes);
    // Half a token behind, so that no rounding of the quotient falls below a whole number.
    const auto behind = std::make_shared<v1::Add>(column, scalar(0.5));
    const auto context = scalar(static_cast<double>(growth.context));
    const auto whole = std::make_shared<v0::Floor>(std::make_shared<v1::Divide>(behind, context));
    const auto logarithm = std::make_shared<v0::Log>(std::make_shared<v1::Add>(whole, scalar(1.0)));
    logarithm->set_friendly_name("rope/query_growth");
    const auto grown = std::make_shared<v1::Multiply>(logarithm, scalar(growth.beta));
    return std::make_shared<v1::Add>(grown, scalar(1.0));
}

Value apply_rope(const Value& x, const RopeTables& tables, int64_t head_size) {
    const auto half = integers({tables.turned / 2});
    const auto turned_end = integers({tables.turned});
    const auto zero = integers({0});
    const auto step = integers({1});
    const auto last = integers({3});
    const auto first = std::make_shared<v8::Slice>(x, zero, half, step, last);
    const auto second = std::make_shared<v8::Slice>(x, half, turned_end, step, last);
    const auto minus_one = v0::Constant::create(ov::element::f32, {1, 1, 1, 1}, {-1.0F});
    const auto negated = std::make_shared<v1::Multiply>(second, minus_one);
    ov::OutputVector parts{negated, first};
    // What is not turned meets a sine of 0.
    if (tables.turned < head_size)
        parts.push_back(std::make_shared<v8::Slice>(x, turned_end, integers({head_size}), step, last));
    const auto rotated = std::make_shared<v0::Concat>(parts, -1);
    const auto straight = std::make_shared<v1::Multiply>(x, tables.cosine);
    const auto turned = std::make_shared<v1::Multiply>(rotated, tables.sine);
    return std::make_shared<v1::Add>(straight, turned);
}

}  // namespace ovenbird
