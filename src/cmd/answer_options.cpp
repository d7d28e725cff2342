#include "cmd/answer_options.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <type_traits>

#include "base/error.hpp"
#include "base/platform/files.hpp"
#include "model/step.hpp"
#include "run/default_sampling.hpp"

namespace ovenbird {
namespace {

constexpr uint64_t kMostFormBytes = uint64_t{1} << 20;

using Biases = std::map<int64_t, double>;
using Strings = std::vector<std::string>;

bool read_whole(const char* begin, const char* end, double& value) {
    const auto read = std::from_chars(begin, end, value);
    return read.ec == std::errc() && read.ptr == end;
}

void read_biases(const Strings& words, Biases& biases) {
    biases.clear();
    for (const auto& word : words) {
        int64_t id = 0;
        double value = 0;
        const char* end = word.data() + word.size();
        const auto name = std::from_chars(word.data(), end, id);
        const bool named = name.ec == std::errc() && id >= 0 && name.ptr != end && *name.ptr == '=';
        if (!named || !read_whole(name.ptr + 1, end, value) || !std::isfinite(value))
            throw CLI::ValidationError("--logit-bias",
                                       fmt::format("'{}' is not ID=VALUE, such as 42=-3.5", word));
        biases[id] = value;
    }
}

void read_arguments(const Strings& words, TemplateArguments& arguments) {
    arguments.clear();
    for (const auto& word : words) {
        const size_t equals = word.find('=');
        if (equals == std::string::npos || equals == 0)
            throw CLI::ValidationError(
                "--template-arg", fmt::format("'{}' is not NAME=VALUE, such as enable_thinking=false", word));
        arguments[word.substr(0, equals)] = word.substr(equals + 1);
    }
}

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

// Calls visit(member) of the one option. Errors: usage.
template <typename Words, typename Visitor>
void visit_named(Words& words, const std::string& wanted, Visitor&& visit) {
    bool found = false;
    visit_answer_options(words, [&](const char* name, auto& member, const char*) {
        if (name != wanted) return;
        found = true;
        visit(member);
    });
    if (!found) fail(ErrorCode::usage, "{}: there is no such option; /set alone lists them", wanted);
}

Json json_of(const Biases& biases) {
    Json json = Json::object();
    for (const auto& [token, bias] : biases)
        json[std::to_string(token)] = bias;
    return json;
}

template <typename T>
Json json_of(const std::optional<T>& value) {
    return value ? Json(*value) : Json(nullptr);
}

template <typename T>
Json json_of(const T& value) {
    return value;
}

}  // namespace

void add_answer_options(CLI::App& app, AnswerWords& words) {
    visit_answer_options(words, [&](const std::string& name, auto& member, const char* help) {
        using Member = std::remove_reference_t<decltype(member)>;
        const std::string flag = "--" + name;
        if constexpr (std::is_same_v<Member, bool>) {
            app.add_flag(flag, member, help);
        } else if constexpr (std::is_same_v<Member, Biases>) {
            app.add_option_function<Strings>(
                   flag, [&member](const auto& given) { read_biases(given, member); }, help)
                ->allow_extra_args(false);
        } else if constexpr (std::is_same_v<Member, TemplateArguments>) {
            app.add_option_function<Strings>(
                   flag, [&member](const auto& given) { read_arguments(given, member); }, help)
                ->allow_extra_args(false);
        } else if constexpr (std::is_same_v<Member, Strings>) {
            app.add_option(flag, member, help)->allow_extra_args(false);
        } else if constexpr (std::is_arithmetic_v<Member>) {
            app.add_option(flag, member, help)->capture_default_str();
        } else {
            app.add_option(flag, member, help);
        }
    });
}

void note_given(const CLI::App& app, AnswerWords& words) {
    visit_answer_options(words, [&](const std::string& name, const auto&, const char*) {
        if (app.count("--" + name) > 0) words.given.insert(name);
    });
    if (words.greedy && words.answer.sampling.temperature > 0)
        fail(ErrorCode::usage, "--greedy and --temperature {} contradict each other",
             words.answer.sampling.temperature);
}

std::string apply_generation_config(AnswerWords& words, const std::filesystem::path& folder) {
    if (words.greedy) return "";
    const auto own = default_sampling(folder);
    if (!own) return "";
    auto& sampling = words.answer.sampling;
    std::string told;
    const auto apply = [&](const char* name, auto& member, auto value, auto idle) {
        if (words.given.contains(name)) return;
        member = value;
        if (value != idle) told += fmt::format("{}{} {}", told.empty() ? "" : ", ", name, value);
    };
    apply("temperature", sampling.temperature, own->temperature, -1.0);
    apply("top-k", sampling.top_k, own->top_k, int64_t{0});
    apply("top-p", sampling.top_p, own->top_p, 1.0);
    apply("min-p", sampling.min_p, own->min_p, 0.0);
    apply("repetition-penalty", sampling.repetition_penalty, own->repetition_penalty, 1.0);
    if (told.empty()) return "";
    return fmt::format("sampling as the model's generation_config.json says: {} (--greedy: without)", told);
}

AnswerOptions answer_options(const AnswerWords& words) {
    AnswerOptions options = words.answer;
    if (words.greedy) options.sampling.temperature = 0;
    options.draft_tokens = words.prompt_lookup ? kDraftTokens : 0;
    return options;
}

AnswerForm answer_form(const AnswerWords& words) {
    const int wanted = int{words.json_schema.has_value()} + int{words.json_object} +
                       int{words.grammar.has_value()} + int{words.regex.has_value()};
    if (wanted > 1)
        fail(ErrorCode::usage, "give one of --json-schema, --json-object, --grammar and --regex, not {}",
             wanted);
    AnswerForm form;
    if (words.json_schema) form.json_schema = needed(schema_text(*words.json_schema), "--json-schema");
    form.json_object = words.json_object;
    if (words.grammar) form.grammar = needed(read_file(*words.grammar, kMostFormBytes), "--grammar");
    if (words.regex) form.regex = needed(*words.regex, "--regex");
    return form;
}

void set_option(AnswerWords& words, const std::string& name, const std::string& value) {
    visit_named(words, name, [](const auto&) {});
    CLI::App app;
    app.set_help_flag();
    AnswerWords changed = words;
    add_answer_options(app, changed);
    try {
        app.parse(Strings{"--" + name + "=" + value});
    } catch (const CLI::ParseError& error) {
        fail(ErrorCode::usage, "{}: {}", name, error.what());
    }
    words = std::move(changed);
}

void unset_option(AnswerWords& words, const std::string& name) {
    const AnswerWords defaults;
    visit_named(words, name, [&](auto& member) {
        visit_named(defaults, name, [&](const auto& value) {
            if constexpr (std::is_same_v<std::decay_t<decltype(member)>, std::decay_t<decltype(value)>>)
                member = value;
        });
    });
}

Json to_json(const AnswerWords& words) {
    Json json = Json::object();
    visit_answer_options(
        words, [&](const char* name, const auto& member, const char*) { json[name] = json_of(member); });
    return json;
}

}  // namespace ovenbird
