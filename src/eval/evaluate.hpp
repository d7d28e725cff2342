#pragma once
// Measures engines one after the other over the same text and questions.

#include <string>

#include "eval/evaluation.hpp"
#include "eval/source_logits.hpp"

namespace ovenbird {

struct EvalTask {
    std::vector<Sequence> windows;  // none: no text is measured
    std::vector<ChoiceQuestion> questions;
    ChoiceTokens choices;
    int64_t answer_tokens = 0;  // of each greedy answer that is compared with the source's; 0: none are
};

class Evaluator {
public:
    /// `source` may be null; both it and `reporter` must outlive this. Asks the source what `task` needs.
    /// Errors: those of the source, verification (its logits are not finite numbers).
    Evaluator(EvalTask task, SourceLogits* source, Reporter& reporter);

    /// What the source chose.
    const std::optional<ChoiceFigures>& source_choices() const { return source_choices_; }
    /// Fills in what an engine gives; `measured` says what it is. Errors: invalid_input (a token beyond the
    /// engine's vocabulary), unsupported (another vocabulary than the source's), verification, interrupted,
    /// those of the engine.
    Measured measure(Engine& engine, Measured measured);

private:
    GreedyFigures measure_greedy(Engine& engine);
    void check_tokens(const Engine& engine, const std::string& name) const;

    EvalTask task_;
    SourceLogits* source_;
    Reporter* reporter_;
    std::vector<Sequence> sequences_;  // the windows, then what the choices are asked
    std::optional<ChoiceFigures> source_choices_;
};

}  // namespace ovenbird
