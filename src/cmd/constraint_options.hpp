#pragma once
// The options that say what form an answer has: shared by all commands that give one.

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "ovenbird/answer.hpp"

namespace ovenbird {

struct ConstraintOptions {
    std::optional<std::string> json_schema;  // a file, or the schema itself
    bool json_object = false;
    std::optional<std::string> grammar;  // a file
    std::optional<std::string> regex;
};

/// --json-schema, --json-object, --grammar, --regex.
void add_constraint_options(CLI::App& app, ConstraintOptions& options);

/// What they say, files read. Errors: usage (more than one, or an empty one), not_found.
AnswerForm answer_form(const ConstraintOptions& options);

}  // namespace ovenbird
