#include <algorithm>
#include <map>
#include <openvino/op/ops.hpp>

#include "bake/forms/passes.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;
using Value = ov::Output<ov::Node>;

// Tokens that are computed at once. What a token knows of those before it in its chunk is the solution of a
// triangular system, which takes log2(chunk) pairs of products.
constexpr int64_t kChunk = 32;

// Inputs of the Loop, as delta_rule() makes it.
constexpr size_t kQueries = 2, kKeys = 3, kValues = 4, kDecays = 5, kRates = 6, kState = 7;

Value number(float value) {
    return v0::Constant::create(ov::element::f32, {}, {value});
}

Value integers(const std::vector<int64_t>& values) {
    return v0::Constant::create(ov::element::i64, {values.size()}, values);
}

Value product(const Value& a, const Value& b, bool transpose_a = false, bool transpose_b = false) {
    return std::make_shared<v0::MatMul>(a, b, transpose_a, transpose_b);
}

Value times(const Value& a, const Value& b) {
    return std::make_shared<v1::Multiply>(a, b);
}

Value plus(const Value& a, const Value& b) {
    return std::make_shared<v1::Add>(a, b);
}

Value minus(const Value& a, const Value& b) {
    return std::make_shared<v1::Subtract>(a, b);
}

Value exp_of(const Value& x) {
    return std::make_shared<v0::Exp>(x);
}

// Where `wanted` says so, x; elsewhere 0.
Value only(const Value& wanted, const Value& x) {
    return std::make_shared<v1::Select>(wanted, x, number(0.0F));
}

Value unsqueezed(const Value& x, int64_t axis) {
    return std::make_shared<v0::Unsqueeze>(x, integers({axis}));
}

Value part_of(const Value& x, int64_t begin, int64_t end, int64_t axis) {
    return std::make_shared<v8::Slice>(x, integers({begin}), integers({end}), integers({1}),
                                       integers({axis}));
}

Value tokens_of(const Value& x, int64_t begin, int64_t end) {
    return part_of(x, begin, end, 2);
}

// Masks [rows, columns] as constants, each once: they are part of the operation, no weights.
class Masks {
public:
    template <typename Wanted>
    Value of(const std::string& name, int64_t size, const Wanted& wanted) {
        auto& mask = masks_[name + std::to_string(size)];
        if (mask.get_node() != nullptr) return mask;
        std::vector<char> values;
        for (int64_t row = 0; row < size; ++row)
            for (int64_t column = 0; column < size; ++column)
                values.push_back(wanted(row, column) ? 1 : 0);
        const auto side = static_cast<size_t>(size);
        return mask =
                   std::make_shared<v0::Constant>(ov::element::boolean, ov::Shape{side, side}, values.data());
    }

    Value lower(int64_t size) {
        return of("lower", size, [](int64_t row, int64_t column) { return column <= row; });
    }
    Value below(int64_t size) {
        return of("below", size, [](int64_t row, int64_t column) { return column < row; });
    }
    Value diagonal(int64_t size) {
        return of("diagonal", size, [](int64_t row, int64_t column) { return column == row; });
    }
    // Of blocks of `block` rows: what every other one reads of the one before it.
    Value between(int64_t size, int64_t block) {
        return of("blocks of " + std::to_string(block) + " in ", size, [=](int64_t row, int64_t column) {
            return row / block % 2 == 1 && column / block == row / block - 1;
        });
    }

private:
    std::map<std::string, Value> masks_;
};

struct Tokens {
    Value queries, keys, values;  // [batch, heads, tokens, size]
    Value decays, rates;          // [batch, heads, tokens]
    int64_t count = 0;

    Tokens part(int64_t begin, int64_t end) const {
        if (begin == 0 && end == count) return *this;
        const auto of = [&](const Value& x) { return tokens_of(x, begin, end); };
        return {of(queries), of(keys), of(values), of(decays), of(rates), end - begin};
    }
};

struct Answered {
    Value answers;
    Value state;
};

// S = exp(decay) S; S += rate k (v - Sᵀ k)ᵀ; Sᵀ q.
Answered one_token(const Tokens& token, const Value& state) {
    const auto faded = times(state, exp_of(unsqueezed(token.decays, 3)));
    const auto news = minus(token.values, product(token.keys, faded));
    const auto learnt = times(news, unsqueezed(token.rates, 3));
    const auto next = plus(faded, product(token.keys, learnt, true));
    return {product(token.queries, next), next};
}

// The inverse of 1 + `below`, which has values below its diagonal only: that of blocks of 1, 2, 4 … rows,
// each time from the halves' inverses. No power of `below` is made, which would grow beyond f16.
Value inverse(const Value& below, int64_t size, Masks& masks) {
    Value result;
    for (int64_t block = 1; block < size; block *= 2) {
        const auto part = only(masks.between(size, block), below);
        if (block == 1) {
            const auto negative = std::make_shared<v0::Negative>(part);
            result = std::make_shared<v1::Select>(masks.diagonal(size), number(1.0F), negative);
        } else {
            result = minus(result, product(product(result, part), result));
        }
    }
    return result;
}

// The same for a chunk at once (Yang et al., arXiv:2412.06464, section 3.3): what each token learns is what
// it would learn from the state before the chunk, less what the tokens between have taught.
Answered chunk(const Tokens& tokens, const Value& state, Masks& masks) {
    const int64_t count = tokens.count;
    const auto lower = masks.lower(count);
    // How far each token is from the chunk's beginning, as the logarithm of what is left of it.
    const auto steps = only(lower, unsqueezed(tokens.decays, 2));
    const auto faded =
        std::make_shared<v1::ReduceSum>(steps, integers({3}), true);  // [batch, heads, count, 1]
    const auto row = std::make_shared<v1::Reshape>(faded, integers({0, 0, 1, count}), true);
    const auto distance = std::make_shared<v1::Minimum>(minus(faded, row), number(0.0F));
    const auto decay = only(lower, exp_of(distance));
    const auto rates = unsqueezed(tokens.rates, 3);
    const auto rated_keys = times(tokens.keys, rates);
    const auto overlap = times(product(rated_keys, tokens.keys, false, true), decay);
    const auto solved = inverse(only(masks.below(count), overlap), count, masks);
    const auto left = exp_of(faded);
    const auto taught = product(product(solved, times(rated_keys, left)), state);
    const auto learnt = minus(product(solved, times(tokens.values, rates)), taught);
    const auto attended = times(product(tokens.queries, tokens.keys, false, true), decay);
    const auto answers = plus(product(times(tokens.queries, left), state), product(attended, learnt));
    const auto whole = tokens_of(faded, count - 1, count);  // [batch, heads, 1, 1]
    const auto kept_keys = times(tokens.keys, exp_of(minus(whole, faded)));
    return {answers, plus(times(state, exp_of(whole)), product(kept_keys, learnt, true))};
}

// [batch, heads, …] with one head more, of zeros: it learns and answers nothing.
Value with_one_more_head(const Value& x) {
    const std::vector<int64_t> before(x.get_shape().size(), 0);
    std::vector<int64_t> behind = before;
    behind[1] = 1;
    return std::make_shared<v12::Pad>(x, integers(before), integers(behind), number(0.0F),
                                      ov::op::PadMode::CONSTANT);
}

void write_out(v5::Loop& loop, Masks& masks) {
    const auto shape = loop.get_input_partial_shape(kQueries);
    if (loop.get_input_size() < kState + 1 || loop.get_output_size() != 2 || shape.is_dynamic() ||
        shape.size() != 4) {
        fail(ErrorCode::unsupported, "the loop {} is not one that Ovenbird knows", loop.get_friendly_name());
    }
    const int64_t heads = shape[1].get_length(), count = shape[2].get_length();
    // Intel's compiler takes chunks of one, three and more heads, but fails for NPU 3720 where there are two.
    const bool widened = heads == 2 && count > 1;
    const auto input = [&](size_t index) {
        const Value x = loop.input_value(index);
        return widened ? with_one_more_head(x) : x;
    };
    const auto heads_as_before = [&](const Value& x) { return widened ? part_of(x, 0, heads, 1) : x; };
    const Tokens all{input(kQueries), input(kKeys), input(kValues), input(kDecays), input(kRates), count};
    Value state = input(kState);
    ov::OutputVector answers;
    for (int64_t begin = 0; begin < all.count; begin += kChunk) {
        const Tokens part = all.part(begin, std::min(begin + kChunk, all.count));
        const auto answered = part.count == 1 ? one_token(part, state) : chunk(part, state, masks);
        answers.push_back(answered.answers);
        state = answered.state;
    }
    Value joined = answers[0];
    if (answers.size() > 1) joined = std::make_shared<v0::Concat>(answers, 2);
    loop.output(0).replace(heads_as_before(joined));
    loop.output(1).replace(heads_as_before(state));
}

}  // namespace

void write_out_delta_rule(const std::shared_ptr<ov::Model>& model) {
    Masks masks;
    for (const auto& node : model->get_ordered_ops())
        if (const auto loop = ov::as_type_ptr<v5::Loop>(node)) write_out(*loop, masks);
}

}  // namespace ovenbird
