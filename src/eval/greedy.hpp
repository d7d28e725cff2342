#pragma once
// How long greedy answers of the baked model and of the source stay the same.

#include <cstdint>
#include <vector>

#include "eval/logit_rows.hpp"

namespace ovenbird {

struct GreedyAnswer {
    Sequence prompt;
    Sequence answer;
    /// Prompt and answer without its last token: what the source is asked.
    Sequence asked() const;
};

struct GreedyFigures {
    std::vector<int64_t> common;  // tokens that each answer has in common with the source's, from its start
    int64_t answer_tokens = 0;    // of the longest answer
    double mean() const;
    int64_t least() const;
};

/// A few prompts, the starts of windows far apart.
std::vector<Sequence> greedy_prompts(const std::vector<Sequence>& windows);

/// Errors: interrupted, those of generate().
std::vector<GreedyAnswer> greedy_answers(Engine& engine, const std::vector<Sequence>& prompts,
                                         int64_t most_tokens);

/// Sequences [first, first + answers.size()) of `source` are the answers' asked(). Up to where the source's
/// likeliest token is another one, its own greedy answer is the same: no answer of its own is needed.
GreedyFigures compare_greedy(const std::vector<GreedyAnswer>& answers, const LogitRows& source, size_t first);

}  // namespace ovenbird
