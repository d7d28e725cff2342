#include "bake/forward_check.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "bake/options.hpp"
#include "base/error.hpp"
#include "check/numerics.hpp"
#include "check/ranges.hpp"
#include "device/cpu_reference.hpp"

namespace ovenbird {
namespace {

// Rounding in f32 through tens of layers stays below this share of the largest logit; a wrong mask, position
// or weight is orders of magnitude above it.
constexpr double kTolerance = 2e-3;

struct Prompt {
    std::vector<int64_t> ids;
};

std::vector<Prompt> make_prompts(int64_t seq_len, int64_t vocab_size) {
    std::mt19937_64 random(1);  // the same prompts every time: a failure can be repeated
    std::uniform_int_distribution<int64_t> token(0, vocab_size - 1);
    std::vector<Prompt> prompts;
    // Beyond 256 tokens nothing new is tested, and attention's cost grows with the square.
    for (const int64_t length : {std::min<int64_t>(seq_len, 11), std::min<int64_t>(seq_len, 256)}) {
        Prompt prompt;
        for (int64_t i = 0; i < length; ++i)
            prompt.ids.push_back(token(random));
        prompts.push_back(prompt);
    }
    return prompts;
}

void keep_largest(CpuReference& model, const std::vector<std::string>& names, ForwardCheck& check) {
    if (names.empty()) return;
    const ov::Tensor ranges = model.output(kRangesOutput);
    for (size_t i = 0; i < names.size(); ++i) {
        const double value = ranges.data<float>()[i];
        if (value <= check.largest_value) continue;
        check.largest_value = value;
        check.largest_node = names[i];
    }
}

}  // namespace

bool ForwardCheck::agrees() const {
    return largest_difference <= kTolerance * std::max(largest_logit, 1.0);
}

bool ForwardCheck::overflows_half() const {
    return largest_value > kLargestHalf;
}

int64_t ForwardCheck::scale_factor() const {
    int64_t factor = 1;
    while (largest_value / static_cast<double>(factor) > kLargestHalf / 4 && factor < kLargestScaleFactor)
        factor *= 2;
    return factor;
}

ForwardCheck check_forward(const std::filesystem::path& dynamic_xml, const std::filesystem::path& static_xml,
                           int64_t seq_len) {
    // One after the other: the CPU device keeps a packed copy of the weights for each compiled model.
    const auto watched = read_graph(static_xml, {});
    const auto names = watch_ranges(watched);
    auto model = std::make_unique<CpuReference>(watched, static_xml);
    const auto vocabulary = static_cast<int64_t>(model->model().output("logits").get_shape().at(2));
    const auto prompts = make_prompts(seq_len, vocabulary);
    ForwardCheck check;
    std::vector<std::vector<float>> got;
    got.reserve(prompts.size());
    for (const auto& prompt : prompts) {
        got.push_back(model->next_logits(prompt.ids, static_cast<size_t>(seq_len)));
        keep_largest(*model, names, check);
    }
    model.reset();
    model = std::make_unique<CpuReference>(dynamic_xml);
    std::vector<std::vector<float>> expected;
    expected.reserve(prompts.size());
    for (const auto& prompt : prompts)
        expected.push_back(model->next_logits(prompt.ids, prompt.ids.size()));
    for (size_t p = 0; p < prompts.size(); ++p) {
        for (size_t i = 0; i < expected[p].size(); ++i) {
            const double difference =
                std::abs(static_cast<double>(expected[p][i]) - static_cast<double>(got[p][i]));
            if (!std::isfinite(difference)) {
                fail(ErrorCode::verification,
                     "the forward check met logits that are not finite (token {}); the "
                     "checkpoint may be damaged",
                     i);
            }
            check.largest_difference = std::max(check.largest_difference, difference);
            check.largest_logit =
                std::max(check.largest_logit, std::abs(static_cast<double>(expected[p][i])));
        }
        const auto best = [](const std::vector<float>& row) {
            return std::max_element(row.begin(), row.end()) - row.begin();
        };
        check.same_token = check.same_token && best(expected[p]) == best(got[p]);
    }
    return check;
}

Json to_json(const ForwardCheck& check) {
    return {{"largest_difference", check.largest_difference},
            {"largest_logit", check.largest_logit},
            {"same_token", check.same_token},
            {"largest_value", check.largest_value},
            {"largest_node", check.largest_node},
            {"agrees", check.agrees()}};
}

}  // namespace ovenbird
