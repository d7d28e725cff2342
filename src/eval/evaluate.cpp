#include "eval/evaluate.hpp"

#include <algorithm>
#include <chrono>

#include "base/error.hpp"

namespace ovenbird {

Evaluator::Evaluator(EvalTask task, SourceLogits* source, Reporter& reporter)
    : task_(std::move(task)), source_(source), reporter_(&reporter), sequences_(task_.windows) {
    const auto inputs = task_.choices.inputs();
    sequences_.insert(sequences_.end(), inputs.begin(), inputs.end());
    if (source_ == nullptr) return;
    source_->run(sequences_, reporter);
    if (!task_.questions.empty())
        source_choices_ =
            answer_choices(task_.questions, task_.choices, source_->rows(), task_.windows.size(), reporter);
}

Measured Evaluator::measure(Engine& engine, Measured measured) {
    const auto started = std::chrono::steady_clock::now();
    measured.device = engine.device();
    const std::string name =
        fmt::format("{}, {} form on {}", measured.folder, measured.form, measured.device);
    check_tokens(engine, name);
    if (engine.most_rows() == 1)
        reporter_->note(name +
                        ": one row of logits a run, so that each predicted token is a run of its own; "
                        "--tokens takes less of the text");
    const LogitRows baked = engine_rows(engine, sequences_, name);
    std::optional<LogitRows> source;
    if (source_ != nullptr) source = source_->rows();
    if (!task_.windows.empty())
        measured.text = measure_text(task_.windows, baked, source ? &*source : nullptr, 0, *reporter_);
    if (source && !task_.windows.empty() && task_.answer_tokens > 0) measured.greedy = measure_greedy(engine);
    if (!task_.questions.empty())
        measured.choices =
            answer_choices(task_.questions, task_.choices, baked, task_.windows.size(), *reporter_);
    measured.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    return measured;
}

GreedyFigures Evaluator::measure_greedy(Engine& engine) {
    const auto answers = greedy_answers(engine, greedy_prompts(task_.windows), task_.answer_tokens);
    std::vector<Sequence> asked;
    asked.reserve(answers.size());
    for (const auto& answer : answers)
        asked.push_back(answer.asked());
    const size_t first = source_->run(asked, *reporter_);
    return compare_greedy(answers, source_->rows(), first);
}

void Evaluator::check_tokens(const Engine& engine, const std::string& name) const {
    for (const auto& sequence : sequences_) {
        const int64_t largest = *std::max_element(sequence.begin(), sequence.end());
        if (largest < engine.vocab_size()) continue;
        fail(ErrorCode::invalid_input,
             "{}: the text has the token {} and the model knows {}; is this its tokenizer? --tokenizer-id "
             "names "
             "another",
             name, largest, engine.vocab_size());
    }
    if (source_ != nullptr && source_->vocab_size() != engine.vocab_size())
        fail(ErrorCode::unsupported,
             "{} predicts {} tokens and the source {}: only models with the same vocabulary can be compared",
             name, engine.vocab_size(), source_->vocab_size());
}

}  // namespace ovenbird
