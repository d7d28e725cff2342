#include "cmd/constraint_options.hpp"

#include "base/error.hpp"
#include "base/platform/files.hpp"

namespace ovenbird {
namespace {

constexpr uint64_t kMostFormBytes = uint64_t{1} << 20;

// A path does not start like a JSON object, nor is a schema anything else that is of use.
std::string schema_text(const std::string& file_or_text) {
    const size_t start = file_or_text.find_first_not_of(" \t\r\n");
    if (start != std::string::npos && file_or_text[start] == '{') return file_or_text;
    return read_file(file_or_text, kMostFormBytes);
}

// An empty form would mean any answer.
std::string needed(std::string text, const char* option) {
    if (text.empty()) fail(ErrorCode::usage, "{}: it is empty", option);
    return text;
}

}  // namespace

void add_constraint_options(CLI::App& app, ConstraintOptions& options) {
    app.add_option("--json-schema", options.json_schema,
                   "Answer with JSON that this schema takes: a file, or the schema itself");
    app.add_flag("--json-object", options.json_object, "Answer with a JSON object");
    app.add_option("--grammar", options.grammar, "Answer as a grammar says: a file in llguidance's Lark");
    app.add_option("--regex", options.regex, "Answer with what this regular expression matches as a whole");
}

AnswerForm answer_form(const ConstraintOptions& options) {
    const int wanted = int{options.json_schema.has_value()} + int{options.json_object} +
                       int{options.grammar.has_value()} + int{options.regex.has_value()};
    if (wanted > 1)
        fail(ErrorCode::usage, "give one of --json-schema, --json-object, --grammar and --regex, not {}",
             wanted);
    AnswerForm form;
    if (options.json_schema) form.json_schema = needed(schema_text(*options.json_schema), "--json-schema");
    form.json_object = options.json_object;
    if (options.grammar) form.grammar = needed(read_file(*options.grammar, kMostFormBytes), "--grammar");
    if (options.regex) form.regex = needed(*options.regex, "--regex");
    return form;
}

}  // namespace ovenbird
