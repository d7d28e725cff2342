#pragma once
// For tests: an engine and a source whose logits follow from the last token alone.

#include <vector>

#include "eval/logit_rows.hpp"

namespace ovenbird {

inline constexpr int64_t kScriptedVocab = 4;

/// After token t: `lead` for token (t + 1) % 4, 0 for the others.
inline std::vector<float> scripted_row(int64_t token, float lead) {
    std::vector<float> row(kScriptedVocab, 0.0F);
    row[static_cast<size_t>((token + 1) % kScriptedVocab)] = lead;
    return row;
}

class ScriptedEngine : public Engine {
public:
    ScriptedEngine(int64_t rows, float lead) : lead_(lead) {
        describe({.window_tokens = 64, .vocab_size = kScriptedVocab, .most_rows = rows, .device = "SCRIPT"});
    }
    int64_t calls = 0;

private:
    Progress compute(const Request& request) override {
        ++calls;
        logits_.clear();
        for (const int64_t id : request.ids.last(static_cast<size_t>(request.rows))) {
            const auto row = scripted_row(id, lead_);
            logits_.insert(logits_.end(), row.begin(), row.end());
        }
        const auto count = static_cast<int64_t>(request.ids.size());
        return {request.kept, count, count, logits_};
    }

    float lead_;
    std::vector<float> logits_;
};

}  // namespace ovenbird
