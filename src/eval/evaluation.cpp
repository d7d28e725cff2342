#include "eval/evaluation.hpp"

#include <algorithm>
#include <cmath>

namespace ovenbird {
namespace {

struct NamedFigure {
    const char* name;
    double value;
};

std::vector<NamedFigure> compared(const Measured& measured) {
    if (!measured.text || measured.text->tokens == 0) return {};
    const auto& text = *measured.text;
    std::vector<NamedFigure> figures{
        {"log probability a token", text.log_probability / static_cast<double>(text.tokens)}};
    if (text.source) figures.push_back({"KL a token", text.source->mean_kl()});
    return figures;
}

Json text_json(const TextFigures& text) {
    Json json = {{"tokens", text.tokens}, {"perplexity", text.perplexity()}};
    if (!text.source) return json;
    json["source_perplexity"] = text.source->perplexity();
    json["kl"] = text.source->mean_kl();
    json["kl_standard_error"] = text.source->kl_error();
    json["kl_largest"] = text.source->largest_kl;
    json["top1_agreement"] = text.source->top1_agreement();
    Json positions = Json::array();
    for (const auto& position : text.positions) {
        const double tokens = static_cast<double>(std::max<int64_t>(position.tokens, 1));
        positions.push_back(position.kl / tokens);
    }
    json["kl_by_position"] = positions;
    return json;
}

Json choices_json(const ChoiceFigures& choices) {
    Json answers = Json::array();
    for (const auto& answer : choices.answers)
        answers.push_back({{"log_likelihoods", answer.log_likelihoods},
                           {"chosen", answer.chosen},
                           {"chosen_by_length", answer.chosen_by_length}});
    return {{"acc", choices.acc()}, {"acc_norm", choices.acc_norm()}, {"answers", answers}};
}

Json measured_json(const Measured& measured, const Evaluation& evaluation) {
    Json json = {{"folder", measured.folder},
                 {"form", measured.form},
                 {"device", measured.device},
                 {"weights_bytes", measured.weights_bytes},
                 {"seconds", measured.seconds}};
    if (measured.text) json["text"] = text_json(*measured.text);
    if (measured.greedy)
        json["greedy"] = {{"common_tokens", measured.greedy->common},
                          {"mean", measured.greedy->mean()},
                          {"least", measured.greedy->least()},
                          {"of", measured.greedy->answer_tokens}};
    if (measured.choices) {
        json["choices"] = choices_json(*measured.choices);
        if (evaluation.source_choices)
            json["choices"]["equal_to_source"] = equal_choices(*measured.choices, *evaluation.source_choices);
    }
    return json;
}

}  // namespace

const SourceFigures* source_figures(const Measured& measured) {
    return measured.text && measured.text->source ? &*measured.text->source : nullptr;
}

std::vector<FormDifference> form_differences(const Evaluation& evaluation, double tolerance) {
    std::vector<FormDifference> differences;
    const auto& all = evaluation.measured;
    for (auto form = all.begin(); form != all.end(); ++form) {
        const auto first =
            std::find_if(all.begin(), form, [&](const auto& each) { return each.folder == form->folder; });
        if (first == form) continue;
        const auto expected = compared(*first);
        const auto got = compared(*form);
        for (size_t i = 0; i < std::min(expected.size(), got.size()); ++i) {
            const double difference = std::abs(got[i].value - expected[i].value);
            if (difference <= tolerance) continue;
            differences.push_back({form->folder, first->form, form->form, got[i].name, difference});
        }
    }
    return differences;
}

Json to_json(const Evaluation& evaluation) {
    Json json = {{"window", evaluation.window_tokens}, {"measured", Json::array()}};
    if (!evaluation.text_name.empty()) json["text"] = evaluation.text_name;
    if (!evaluation.source_name.empty()) json["source"] = evaluation.source_name;
    for (const auto& measured : evaluation.measured)
        json["measured"].push_back(measured_json(measured, evaluation));
    if (evaluation.source_choices) json["source_choices"] = choices_json(*evaluation.source_choices);
    return json;
}

}  // namespace ovenbird
