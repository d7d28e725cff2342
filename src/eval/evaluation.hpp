#pragma once
// All that was measured, as the table, the JSON and the report show it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "eval/choices.hpp"
#include "eval/greedy.hpp"
#include "eval/measure_text.hpp"

namespace ovenbird {

/// One form of one folder.
struct Measured {
    std::string folder;
    std::string form;
    std::string device;
    uint64_t weights_bytes = 0;  // of the folder's weights file, which all forms share
    double seconds = 0;          // that its measuring took
    std::optional<TextFigures> text;
    std::optional<GreedyFigures> greedy;
    std::optional<ChoiceFigures> choices;
};

struct Evaluation {
    std::string text_name;
    std::string source_name;  // empty: there is none
    int64_t window_tokens = 0;
    std::vector<Sequence> windows;
    std::vector<Measured> measured;
    std::vector<ChoiceQuestion> questions;
    std::optional<ChoiceFigures> source_choices;
};

/// Null where no text was measured beside a source.
const SourceFigures* source_figures(const Measured& measured);

/// Two forms of a folder that predict the same text otherwise than they may.
struct FormDifference {
    std::string folder, form, other_form;
    std::string figure;  // "log probability a token", "KL a token"
    double difference = 0;
};

/// Compares each form with the folder's first one: log probability and KL, in nats a token. Those farther
/// apart than `tolerance`.
std::vector<FormDifference> form_differences(const Evaluation& evaluation, double tolerance);

Json to_json(const Evaluation& evaluation);

}  // namespace ovenbird
