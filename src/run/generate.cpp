#include "run/generate.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/error.hpp"
#include "run/prompt_lookup.hpp"
#include "run/softmax.hpp"

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

// One answer as it grows.
class Growth {
public:
    Growth(Engine& engine, std::vector<int64_t> prompt, const GenerateOptions& options,
           const std::function<bool(int64_t)>& on_token)
        : engine_(engine),
          options_(options),
          on_token_(on_token),
          sampler_(options.sampling, prompt),
          window_(std::move(prompt)) {
        generation_.seed = sampler_.seed();
        for (const int64_t token : options_.resumed) {
            if (ended_) break;
            sampler_.took(token);
            generation_.log_probabilities.push_back(std::nan(""));
            if (options_.top_log_probabilities > 0) generation_.top_log_probabilities.emplace_back();
            keep(token);
        }
    }

    bool may_grow() const { return !ended_ && new_tokens() < options_.max_new_tokens && room() >= 0; }

    // What the engine says of the window, and of the drafts behind it as long as they are what is chosen.
    void step() {
        const auto drafts = draft();
        const auto rows = static_cast<int64_t>(drafts.size()) + 1;
        window_.insert(window_.end(), drafts.begin(), drafts.end());
        const auto logits = engine_.logits_after(window_, rows, options_.stop_asked);
        window_.resize(window_.size() - drafts.size());
        if (logits.empty()) return end(FinishReason::interrupted);
        if (++generation_.steps == 1) generation_.first_token_ms = ms_since(start_);
        const auto vocab = static_cast<size_t>(engine_.vocab_size());
        for (size_t row = 0; row <= drafts.size(); ++row) {
            const auto said = logits.subspan(row * vocab, vocab);
            const int64_t token = sampler_.choose(said, allowed());
            const bool as_drafted = row < drafts.size() && token == drafts[row];
            generation_.accepted += as_drafted ? 1 : 0;
            take(token, said);
            if (!as_drafted || ended_) return;
        }
    }

    Generation finish() {
        generation_.total_ms = ms_since(start_);
        return std::move(generation_);
    }

private:
    int64_t new_tokens() const { return static_cast<int64_t>(generation_.tokens.size()); }
    int64_t room() const { return engine_.window_tokens() - static_cast<int64_t>(window_.size()); }

    std::vector<int64_t> draft() {
        const int64_t most = std::min({options_.draft_tokens, engine_.most_rows() - 1, room(),
                                       options_.max_new_tokens - new_tokens() - 1});
        auto drafts = lookup_draft(window_, most);
        generation_.drafted += static_cast<int64_t>(drafts.size());
        return drafts;
    }

    std::span<const uint32_t> allowed() {
        if (options_.mask == nullptr) return {};
        mask_.resize(mask_words(engine_.vocab_size()));
        options_.mask->allowed(mask_);
        // The tokenizer may have ids that the model has not.
        const auto beyond = static_cast<unsigned>(engine_.vocab_size() % 32);
        if (beyond != 0) mask_.back() &= (uint32_t{1} << beyond) - 1;
        return mask_;
    }

    void take(int64_t token, std::span<const float> logits) {
        const auto& eos = options_.eos_ids;
        if (std::find(eos.begin(), eos.end(), token) != eos.end()) {
            end(FinishReason::stop);
            return;
        }
        note_probabilities(token, logits);
        keep(token);
    }

    void keep(int64_t token) {
        generation_.tokens.push_back(token);
        window_.push_back(token);
        if (options_.mask != nullptr) options_.mask->take(token);
        if (!on_token_(token)) {
            end(FinishReason::interrupted);
        } else if (options_.mask != nullptr && options_.mask->complete()) {
            end(FinishReason::stop);
        }
    }

    void note_probabilities(int64_t token, std::span<const float> logits) {
        const double sum = log_sum_exp(logits);
        const auto probability = [&](int64_t id) {
            return log_probability(logits[static_cast<size_t>(id)], sum);
        };
        generation_.log_probabilities.push_back(probability(token));
        std::span<const TokenLogProbability> told;
        if (options_.top_log_probabilities > 0) {
            auto& top = generation_.top_log_probabilities.emplace_back();
            for (const int64_t id : likeliest(logits, static_cast<size_t>(options_.top_log_probabilities)))
                top.push_back({id, "", probability(id)});
            told = top;
        }
        if (options_.on_new_token) options_.on_new_token({token, generation_.log_probabilities.back(), told});
    }

    void end(FinishReason reason) {
        generation_.reason = reason;
        ended_ = true;
    }

    Engine& engine_;
    const GenerateOptions& options_;
    const std::function<bool(int64_t)>& on_token_;
    Sampler sampler_;
    std::vector<int64_t> window_;
    std::vector<uint32_t> mask_;
    Generation generation_;
    Clock::time_point start_ = Clock::now();
    bool ended_ = false;
};

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

void validate(const GenerateOptions& options) {
    if (options.max_new_tokens < 1) fail(ErrorCode::usage, "--max-new-tokens must be at least 1");
    if (options.top_log_probabilities < 0 || options.top_log_probabilities > kMostTopLogProbabilities) {
        fail(ErrorCode::usage, "--top-log-probabilities {} is outside 0 to {}", options.top_log_probabilities,
             kMostTopLogProbabilities);
    }
    validate(options.sampling);
}

Generation generate(Engine& engine, std::vector<int64_t> prompt, const GenerateOptions& options,
                    const std::function<bool(int64_t)>& on_token) {
    validate(options);
    check_ids(prompt, engine.vocab_size());
    check_ids(options.resumed, engine.vocab_size());
    Growth growth(engine, std::move(prompt), options, on_token);
    while (growth.may_grow())
        growth.step();
    return growth.finish();
}

}  // namespace ovenbird
