#pragma once
// The options that say how an answer is chosen: shared by all commands that give one.

#include <CLI/CLI.hpp>

#include "run/chat.hpp"

namespace ovenbird {

/// --max-new-tokens, --temperature and what belongs to it, --logit-bias, --stop, --prompt-lookup.
void add_answer_options(CLI::App& app, AnswerOptions& options);

}  // namespace ovenbird
