#pragma once
// The options that say what form an answer has: shared by all commands that give one.

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "text/constraint.hpp"

namespace ovenbird {

struct ConstraintOptions {
    std::optional<std::string> json_schema;  // a file, or the schema itself
    bool json_object = false;
    std::optional<std::string> grammar;  // a file
    std::optional<std::string> regex;
};

/// --json-schema, --json-object, --grammar, --regex.
void add_constraint_options(CLI::App& app, ConstraintOptions& options);

/// For one answer; none where no option asks for one. Errors: usage (more than one, or one that cannot be
/// used), not_found, unsupported.
std::optional<Constraint> make_constraint(const ConstraintOptions& options, const Tokenizer& tokenizer);

}  // namespace ovenbird
