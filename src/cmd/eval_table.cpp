#include "cmd/eval_table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ovenbird {
namespace {

std::string name_of(const Measured& measured) {
    return fmt::format("{}, {} on {}", measured.folder, measured.form, measured.device);
}

std::string text_table(const Evaluation& evaluation, size_t width) {
    const auto& first = evaluation.measured.front();
    if (!first.text) return "";
    const auto* source = source_figures(first);
    std::string table = fmt::format("{}: {} tokens predicted, in windows of at most {}\n\n",
                                    evaluation.text_name, first.text->tokens, evaluation.window_tokens);
    table += fmt::format("{:<{}}      MiB  perplexity{}\n", "", width,
                         source ? "   KL, nats   (error)   top-1     same start  (least)" : "");
    if (source)
        table += fmt::format("{:<{}}           {:10.3f}\n", "the source", width, source->perplexity());
    for (const auto& each : evaluation.measured) {
        table += fmt::format("{:<{}}  {:7.1f}  {:10.3f}", name_of(each), width,
                             static_cast<double>(each.weights_bytes) / (1 << 20),
                             each.text ? each.text->perplexity() : 0.0);
        if (const auto* beside = source_figures(each)) {
            table += fmt::format("  {:9.5f}  {:8.5f}  {:5.1f}%", beside->mean_kl(), beside->kl_error(),
                                 100 * beside->top1_agreement());
        }
        if (each.greedy) {
            table += fmt::format("  {:5.1f} of {:3}  {:7}", each.greedy->mean(), each.greedy->answer_tokens,
                                 each.greedy->least());
        }
        table += '\n';
    }
    return table;
}

std::string choices_table(const Evaluation& evaluation, size_t width) {
    const auto& measured = evaluation.measured;
    if (!measured.front().choices) return "";
    const auto& source = evaluation.source_choices;
    std::string table = fmt::format("{} questions\n\n{:<{}}      acc  acc_norm{}\n",
                                    evaluation.questions.size(), "", width, source ? "  as the source" : "");
    if (source)
        table += fmt::format("{:<{}}  {:6.2f}%  {:7.2f}%\n", "the source", width, 100 * source->acc(),
                             100 * source->acc_norm());
    for (const auto& each : measured) {
        if (!each.choices) continue;
        table += fmt::format("{:<{}}  {:6.2f}%  {:7.2f}%", name_of(each), width, 100 * each.choices->acc(),
                             100 * each.choices->acc_norm());
        if (source) table += fmt::format("  {:12.2f}%", 100 * equal_choices(*each.choices, *source));
        table += '\n';
    }
    return table;
}

}  // namespace

std::string eval_table(const Evaluation& evaluation) {
    size_t width = std::string_view("the source").size();
    for (const auto& each : evaluation.measured)
        width = std::max(width, name_of(each).size());
    const std::string text = text_table(evaluation, width);
    const std::string choices = choices_table(evaluation, width);
    return text + (text.empty() || choices.empty() ? "" : "\n") + choices;
}

}  // namespace ovenbird
