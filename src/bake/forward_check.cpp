#include "bake/forward_check.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "base/error.hpp"
#include "device/device.hpp"
#include "device/embedder.hpp"

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

ov::Tensor row_tensor(size_t length, const std::function<int64_t(size_t)>& value) {
    ov::Tensor tensor(ov::element::i64, {1, length});
    for (size_t i = 0; i < length; ++i)
        tensor.data<int64_t>()[i] = value(i);
    return tensor;
}

// A cache of no tokens: one sequence, and nothing along the other axis that is not fixed.
ov::Tensor empty_cache(const ov::Output<const ov::Node>& port) {
    const auto& shape = port.get_partial_shape();
    ov::Shape fixed{1};
    for (size_t axis = 1; axis < shape.size(); ++axis)
        fixed.push_back(shape[axis].is_static() ? static_cast<size_t>(shape[axis].get_length()) : 0);
    return {port.get_element_type(), fixed};
}

// What an input holds when the prompt lies at the start of a window of `width` tokens.
ov::Tensor input_tensor(const ov::Output<const ov::Node>& port, const Prompt& prompt, size_t width) {
    const std::string name = port.get_any_name();
    const size_t real = prompt.ids.size();
    if (name.starts_with("past_key_values")) return empty_cache(port);
    if (name == "beam_idx") {
        ov::Tensor tensor(ov::element::i32, {1});
        tensor.data<int32_t>()[0] = 0;
        return tensor;
    }
    return row_tensor(width, [&](size_t i) -> int64_t {
        if (name == "input_ids") return i < real ? prompt.ids[i] : 0;
        if (name == "attention_mask") return i < real ? 1 : 0;
        return static_cast<int64_t>(i);
    });
}

// A model on the CPU, with what looks its tokens up where it does not do so itself.
struct Side {
    std::unique_ptr<CompiledSession> session;
    std::unique_ptr<Embedder> embedder;
};

void set_inputs(Side& side, const Prompt& prompt, size_t width) {
    for (const auto& input : side.session->model().inputs()) {
        const std::string name = input.get_any_name();
        if (name == "inputs_embeds") {
            std::vector<int64_t> ids = prompt.ids;
            ids.resize(width, 0);
            side.session->set_input(name, side.embedder->rows(ids));
        } else {
            side.session->set_input(name, input_tensor(input, prompt, width));
        }
    }
}

// The logits of the last real row.
std::vector<float> last_logits(Side& side, const Prompt& prompt, size_t width) {
    set_inputs(side, prompt, width);
    side.session->reset_state();
    side.session->infer();
    const ov::Tensor logits = side.session->output("logits");
    const size_t rows = logits.get_shape().at(1);
    const size_t vocab = logits.get_shape().at(2);
    const float* row = logits.data<float>() + (rows == 1 ? 0 : prompt.ids.size() - 1) * vocab;
    return {row, row + vocab};
}

Side compile_on_cpu(const std::filesystem::path& xml) {
    DeviceOptions options;
    options.devices = {"CPU"};
    options.properties = {{"INFERENCE_PRECISION_HINT", "f32"}, {"DYNAMIC_QUANTIZATION_GROUP_SIZE", "0"}};
    Side side{compile_first(xml, options).session, nullptr};
    side.embedder = embedder_beside(xml, side.session->model());
    return side;
}

// Every prompt's logits in a window of `width` tokens; 0: each in a window of its own length.
std::vector<std::vector<float>> all_logits(Side& side, const std::vector<Prompt>& prompts, int64_t width) {
    std::vector<std::vector<float>> logits;
    logits.reserve(prompts.size());
    for (const auto& prompt : prompts)
        logits.push_back(
            last_logits(side, prompt, width > 0 ? static_cast<size_t>(width) : prompt.ids.size()));
    return logits;
}

}  // namespace

bool ForwardCheck::agrees() const {
    return largest_difference <= kTolerance * std::max(largest_logit, 1.0);
}

ForwardCheck check_forward(const std::filesystem::path& dynamic_xml, const std::filesystem::path& static_xml,
                           int64_t seq_len) {
    // One after the other: the CPU device keeps a packed copy of the weights for each compiled model.
    auto side = compile_on_cpu(static_xml);
    const auto vocabulary = static_cast<int64_t>(side.session->model().output("logits").get_shape().at(2));
    const auto prompts = make_prompts(seq_len, vocabulary);
    const auto got = all_logits(side, prompts, seq_len);
    side = {};
    side = compile_on_cpu(dynamic_xml);
    const auto expected = all_logits(side, prompts, 0);
    ForwardCheck check;
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
            {"agrees", check.agrees()}};
}

}  // namespace ovenbird
