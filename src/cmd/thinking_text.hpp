#pragma once
// What a person sees of a model's thinking: it goes to standard error, apart from the answer.

#include <string>

#include "base/report.hpp"
#include "cmd/answer_options.hpp"
#include "run/answer.hpp"

namespace ovenbird {

/// Writes a piece of it as it comes.
void show_thinking(const std::string& piece);

/// Behind the answer: ends the line that show_thinking() wrote, or says that there was some and how to see
/// it.
void tell_thinking(const Answer& answer, const AnswerWords& words, Reporter& reporter);

}  // namespace ovenbird
