#pragma once
// How well a text is predicted, and how far that is from what the source predicts.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/report.hpp"
#include "eval/logit_rows.hpp"

namespace ovenbird {

/// Most rows of the source's logits that are held at once.
inline constexpr int64_t kRowsAtOnce = 256;

/// A token that the baked model predicts far otherwise than the source, or worst of all.
struct WorstToken {
    size_t window = 0;
    int64_t position = 0;  // of the predicted token in its window
    double kl = 0;         // 0 without a source
    double log_probability = 0;
    double source_log_probability = 0;
    int64_t best = 0;  // what was likeliest instead
    int64_t source_best = 0;
};

/// Sums over some predicted tokens.
struct PositionSum {
    int64_t tokens = 0;
    double kl = 0;
    double log_probability = 0;
};

/// A text beside the source's predictions.
struct SourceFigures {
    double log_probability = 0;  // the source's own, summed, nats
    double kl = 0;               // KL(source || baked), summed, nats
    double kl_squares = 0;
    double largest_kl = 0;
    int64_t same_best = 0;  // tokens at which both find the same one likeliest
    int64_t tokens = 0;     // predicted

    double perplexity() const;      // the source's
    double mean_kl() const;         // nats a token
    double kl_error() const;        // the mean's standard error, as if tokens were independent
    double top1_agreement() const;  // 0 to 1
};

struct TextFigures {
    int64_t tokens = 0;          // predicted
    double log_probability = 0;  // summed, nats
    std::optional<SourceFigures> source;
    std::vector<PositionSum> positions;  // [i]: tokens at position i of their window; [0] is empty
    std::vector<WorstToken> worst;       // by KL, else by probability; the worst first

    double perplexity() const;
};

/// Sequences [first, first + windows.size()) of `baked` and of `source` (may be null) are the windows; both
/// have the same vocabulary. Progress is told in bytes of logits. Errors: verification (logits that are not
/// finite numbers), those of the rows.
TextFigures measure_text(const std::vector<Sequence>& windows, const LogitRows& baked,
                         const LogitRows* source, size_t first, Reporter& reporter);

}  // namespace ovenbird
