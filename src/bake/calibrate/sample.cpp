#include "bake/calibrate/sample.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <span>

#include "base/parallel.hpp"
#include "base/platform/process.hpp"
#include "device/models.hpp"
#include "model/decoder_names.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kMostTogether = 128;     // sequences
constexpr uint64_t kSeedStep = 1'000'003;  // more than sequences: seeds share none of their draws

double uniform(std::mt19937_64& engine) {
    return static_cast<double>(engine() >> 11) * 0x1p-53;
}

// At temperature 1: the first token at which the summed probabilities exceed `point` of the whole.
int64_t draw(std::span<const float> logits, double point) {
    const float largest = *std::max_element(logits.begin(), logits.end());
    double sum = 0;
    for (const float logit : logits)
        sum += static_cast<double>(std::exp(logit - largest));
    double left = point * sum;
    for (size_t i = 0; i < logits.size(); ++i) {
        left -= static_cast<double>(std::exp(logits[i] - largest));
        if (left < 0) return static_cast<int64_t>(i);
    }
    return std::max_element(logits.begin(), logits.end()) - logits.begin();
}

Tensor filled(const Shape& shape, int64_t value) {
    Tensor tensor(ElementType::i64, shape);
    std::fill_n(tensor.data<int64_t>(), tensor.size(), value);
    return tensor;
}

}  // namespace

CalibrationTokens sample_tokens(const std::shared_ptr<ov::Model>& decoder, int64_t vocab_size,
                                const SampleRequest& request, Reporter& reporter) {
    const int64_t fitting = request.most_cache_values / (request.values_of_token * request.length);
    const int64_t together = std::clamp<int64_t>(fitting, 1, kMostTogether);
    CalibrationTokens tokens;
    tokens.length = request.length;
    tokens.ids.resize(static_cast<size_t>(request.sequences * request.length));
    std::vector<std::mt19937_64> engines;
    engines.reserve(static_cast<size_t>(request.sequences));
    for (int64_t i = 0; i < request.sequences; ++i)
        engines.emplace_back(kSeedStep * (request.seed + 1) + static_cast<uint64_t>(i));
    // In the device's own precision: what is said matters, not its last digit.
    const auto graph = compile_on("CPU", decoder, DeviceOptions{});
    reporter.begin("stage 1: sample text of the model's own", tokens.ids.size(), WorkUnit::steps);
    uint64_t done = 0;
    for (int64_t first = 0; first < request.sequences; first += together) {
        const auto count = static_cast<size_t>(std::min(together, request.sequences - first));
        const auto id_of = [&](size_t sequence, int64_t at) -> int64_t& {
            return tokens.ids[(static_cast<size_t>(first) + sequence) * static_cast<size_t>(request.length) +
                              static_cast<size_t>(at)];
        };
        for (size_t i = 0; i < count; ++i) {
            auto& engine = engines[static_cast<size_t>(first) + i];
            // Every other sequence begins in the middle of anything: a chat model says little else than
            // conversations behind its start.
            const auto any = static_cast<int64_t>(engine() % static_cast<uint64_t>(vocab_size));
            id_of(i, 0) = request.start_id >= 0 && i % 2 == 0 ? request.start_id : any;
        }
        graph->reset_state();
        Tensor beams(ElementType::i32, {count});
        for (size_t i = 0; i < count; ++i)
            beams.data<int32_t>()[i] = static_cast<int32_t>(i);
        graph->set_input(kBeamIdx, beams);
        for (int64_t at = 0; at + 1 < request.length; ++at) {
            check_interrupted();
            Tensor ids(ElementType::i64, {count, 1});
            for (size_t i = 0; i < count; ++i)
                ids.data<int64_t>()[i] = id_of(i, at);
            graph->set_input(kInputIds, ids);
            graph->set_input(kAttentionMask, filled({count, static_cast<size_t>(at) + 1}, 1));
            graph->set_input(kPositionIds, filled({count, 1}, at));
            graph->infer();
            const Tensor logits = graph->output(kLogits);
            parallel_for(count, [&](size_t i) {
                const std::span<const float> own(logits.data<float>() + i * static_cast<size_t>(vocab_size),
                                                 static_cast<size_t>(vocab_size));
                id_of(i, at + 1) = draw(own, uniform(engines[static_cast<size_t>(first) + i]));
            });
            reporter.advance(done += count);
        }
    }
    reporter.end();
    return tokens;
}

}  // namespace ovenbird
