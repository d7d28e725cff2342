#include "run/session.hpp"

#include <algorithm>
#include <chrono>

#include "base/error.hpp"

namespace ovenbird {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

void check_ids(const std::vector<int64_t>& ids, int64_t vocab_size) {
    for (const int64_t id : ids) {
        if (id >= 0 && id < vocab_size) continue;
        fail(ErrorCode::invalid_input,
             "the prompt holds token {}, but the model knows {} tokens; does the tokenizer "
             "belong to this model?",
             id, vocab_size);
    }
}

}  // namespace

const char* finish_reason_name(FinishReason reason) {
    switch (reason) {
        case FinishReason::stop:
            return "stop";
        case FinishReason::length:
            return "length";
        case FinishReason::interrupted:
            return "interrupted";
    }
    return "length";
}

double Generation::tokens_per_second() const {
    return total_ms > 0 ? 1000.0 * static_cast<double>(tokens.size()) / total_ms : 0;
}

Generation generate(Engine& engine, std::vector<int64_t> prompt, const GenerateOptions& options,
                    const std::function<bool(int64_t)>& on_token) {
    if (options.max_new_tokens < 1) fail(ErrorCode::usage, "--max-new-tokens must be at least 1");
    check_ids(prompt, engine.vocab_size());
    Generation generation;
    const auto start = Clock::now();
    Sampler sampler(options.sampling, prompt);
    generation.seed = sampler.seed();
    std::vector<int64_t>& window = prompt;
    while (static_cast<int64_t>(generation.tokens.size()) < options.max_new_tokens &&
           static_cast<int64_t>(window.size()) <= engine.window_tokens()) {
        const auto [token, log_probability] = sampler.choose(engine.next_logits(window));
        if (++generation.steps == 1) generation.first_token_ms = ms_since(start);
        if (std::find(options.eos_ids.begin(), options.eos_ids.end(), token) != options.eos_ids.end()) {
            generation.reason = FinishReason::stop;
            break;
        }
        generation.tokens.push_back(token);
        generation.log_probabilities.push_back(log_probability);
        window.push_back(token);
        if (!on_token(token)) {
            generation.reason = FinishReason::interrupted;
            break;
        }
    }
    generation.total_ms = ms_since(start);
    return generation;
}

}  // namespace ovenbird
