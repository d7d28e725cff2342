#include "eval/choices.hpp"

#include <algorithm>

#include "base/distribution.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

double log_likelihood(const ContinuationTokens& tokens, const LogitRows& logits, size_t sequence) {
    const auto count = static_cast<int64_t>(tokens.targets.size());
    const auto last = static_cast<int64_t>(tokens.input.size());
    const auto vocab = static_cast<size_t>(logits.vocab_size);
    double sum = 0;
    size_t target = 0;
    each_rows(logits, sequence, last - count, last, [&](int64_t, std::span<const float> rows) {
        for (size_t at = 0; at < rows.size(); at += vocab)
            sum += log_probability_of(rows.subspan(at, vocab), tokens.targets[target++]);
    });
    return sum;
}

size_t best_of(const std::vector<double>& values) {
    return static_cast<size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

// In characters, as lm-eval's acc_norm counts.
double length_of(const std::string& text) {
    return static_cast<double>(std::count_if(text.begin(), text.end(), [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
    }));
}

double share(int64_t part, size_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::vector<Sequence> ChoiceTokens::inputs() const {
    std::vector<Sequence> inputs;
    inputs.reserve(continuations.size());
    for (const auto& each : continuations)
        inputs.push_back(each.input);
    return inputs;
}

double ChoiceFigures::acc() const {
    return share(right, answers.size());
}
double ChoiceFigures::acc_norm() const {
    return share(right_by_length, answers.size());
}

ChoiceFigures answer_choices(const std::vector<ChoiceQuestion>& questions, const ChoiceTokens& tokens,
                             const LogitRows& logits, size_t first, Reporter& reporter) {
    uint64_t total = 0;
    for (const auto& each : tokens.continuations)
        total += each.targets.size();
    reporter.begin("choices of " + logits.name, total, WorkUnit::steps);
    ChoiceFigures figures;
    size_t next = 0;
    uint64_t done = 0;
    for (const auto& question : questions) {
        auto& answer = figures.answers.emplace_back();
        std::vector<double> by_length;
        for (const auto& choice : question.choices) {
            const auto& continuation = tokens.continuations[next];
            answer.log_likelihoods.push_back(log_likelihood(continuation, logits, first + next));
            by_length.push_back(answer.log_likelihoods.back() / length_of(choice));
            done += continuation.targets.size();
            reporter.advance(done);
            ++next;
        }
        answer.chosen = best_of(answer.log_likelihoods);
        answer.chosen_by_length = best_of(by_length);
        figures.right += answer.chosen == question.answer ? 1 : 0;
        figures.right_by_length += answer.chosen_by_length == question.answer ? 1 : 0;
    }
    reporter.end();
    return figures;
}

double equal_choices(const ChoiceFigures& left, const ChoiceFigures& right) {
    int64_t equal = 0;
    for (size_t i = 0; i < left.answers.size(); ++i)
        equal += left.answers[i].chosen == right.answers.at(i).chosen ? 1 : 0;
    return share(equal, left.answers.size());
}

}  // namespace ovenbird
