#include <algorithm>
#include <filesystem>

#include "base/error.hpp"
#include "base/platform/files.hpp"
#include "base/platform/process.hpp"
#include "cmd/commands.hpp"
#include "cmd/console.hpp"
#include "cmd/eval_table.hpp"
#include "cmd/measured_form.hpp"
#include "cmd/output.hpp"
#include "eval/eval_text.hpp"
#include "eval/evaluate.hpp"
#include "eval/report.hpp"
#include "hub/pull.hpp"
#include "text/tokenizer.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLargestTextBytes = uint64_t{64} << 20;

struct Words {
    std::vector<fs::path> folders;
    EngineOptions engine;
    std::string form = "best";
    fs::path against;
    fs::path text_file;
    int64_t window = 256;
    int64_t tokens = 4096;
    int64_t answer_tokens = 32;
    fs::path choices_file;
    std::string delimiter = " ";
    double tolerance = 0.02;
    fs::path report;
    bool json = false;
    ConsoleOptions console;
};

bool parse(int argc, char** argv, Words& words) {
    CLI::App app("Measure how good baked folders are: perplexity, and the distance to their source",
                 "ovenbird eval");
    app.add_option("folders", words.folders,
                   "Folders that ovenbird bake made, or ORG/NAME of a hub; several are compared")
        ->required();
    app.add_option(
        "--against", words.against,
        "The source: a Hugging Face folder, a .gguf file or ORG/NAME; gives KL, top-1 agreement and "
        "the common start of greedy answers");
    app.add_option("--text", words.text_file,
                   "Measure over this text (default: one that the program carries)");
    app.add_option("--window", words.window, "Tokens of a window; each is read from its own start")
        ->check(CLI::Range(int64_t{2}, int64_t{1} << 20))
        ->capture_default_str();
    app.add_option("--tokens", words.tokens, "Most tokens of the text; 0: only --choices")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    app.add_option("--answer-tokens", words.answer_tokens,
                   "Tokens of the greedy answers that are compared with the source's; 0: none are")
        ->check(CLI::Range(int64_t{0}, int64_t{4096}))
        ->capture_default_str();
    app.add_option(
        "--choices", words.choices_file,
        "Multiple choice, JSON lines: {\"context\": TEXT, \"choices\": [TEXT, …], \"answer\": INDEX}");
    app.add_option("--delimiter", words.delimiter,
                   "What stands between a context and a choice (default: a space)");
    add_place_options(app, words.engine);
    auto* stateless = add_form_flags(app, words.engine);
    app.add_option(
           "--form", words.form,
           "Which form: best (what run takes), window, dynamic, whole, folded, or all that the folder "
           "has, which must agree")
        ->check(CLI::IsMember({"best", "window", "dynamic", "whole", "folded", "all"}))
        ->excludes(stateless)
        ->capture_default_str();
    app.add_option("--tolerance", words.tolerance,
                   "With --form all: most nats a token that log probability and KL of two forms may differ")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    app.add_option("--report", words.report, "Also write index.html, a page with charts, into this folder");
    app.add_flag("--json", words.json, "Print the figures as one JSON object");
    add_console_options(app, words.console);
    if (!parse_command(app, argc, argv)) return false;
    if (words.tokens == 0 && words.choices_file.empty())
        fail(ErrorCode::usage, "--tokens 0 leaves nothing to measure; give --choices or more tokens");
    return true;
}

std::string text_of(const Words& words) {
    if (words.text_file.empty()) return kEvalText;
    std::string text = read_file(words.text_file, kLargestTextBytes);
    if (text.empty()) fail(ErrorCode::invalid_input, "{}: holds no text", words.text_file.string());
    return text;
}

// Whoever is compared must read the same tokens.
void check_same_tokens(const std::vector<MeasuredForm>& forms, const std::string& text, const Sequence& ids) {
    for (size_t i = 1; i < forms.size(); ++i) {
        const auto& place = forms[i].options.tokenizer;
        if (place == forms[0].options.tokenizer) continue;
        if (Tokenizer::load(place).encode(text, false) == ids) continue;
        fail(ErrorCode::usage, "{} and {} have different tokenizers: measure them one by one",
             forms[0].options.folder.string(), forms[i].options.folder.string());
    }
}

EvalTask task_of(const Words& words, const Tokenizer& tokenizer, const std::vector<MeasuredForm>& forms,
                 Reporter& reporter) {
    int64_t longest = INT64_MAX;
    for (const auto& form : forms)
        longest = std::min(longest, form.most_tokens());
    EvalTask task;
    task.answer_tokens = words.answer_tokens;
    const std::string text = text_of(words);
    const Sequence ids = tokenizer.encode(text, false);
    check_same_tokens(forms, text, ids);
    if (words.tokens > 0) {
        if (words.window > longest)
            reporter.note(fmt::format("windows of {} tokens: no more fit what is measured", longest));
        task.windows =
            cut_windows(ids, leading_tokens(tokenizer), std::min(words.window, longest), words.tokens)
                .windows;
    }
    if (words.choices_file.empty()) return task;
    task.questions =
        parse_choices(read_file(words.choices_file, kLargestTextBytes), words.choices_file.string());
    task.choices = encode_choices(tokenizer, task.questions, words.delimiter, longest);
    if (task.choices.cut > 0)
        reporter.warn(
            fmt::format("{} of {} choices have a context too long for {} tokens: its start is left out",
                        task.choices.cut, task.choices.continuations.size(), longest));
    return task;
}

void check_forms_agree(const Evaluation& evaluation, double tolerance) {
    const auto differences = form_differences(evaluation, tolerance);
    if (differences.empty()) return;
    const auto& first = differences.front();
    fail(ErrorCode::verification,
         "{}: the forms {} and {} differ by {:.5f} nats in {}, and --tolerance allows {}; a device that "
         "computes "
         "in f16, or compresses activations, may need more, otherwise please report this",
         first.folder, first.form, first.other_form, first.difference, first.figure, tolerance);
}

std::string source_name(const fs::path& source) {
    const fs::path clean = fs::absolute(source).lexically_normal();
    return (clean.has_filename() ? clean : clean.parent_path()).filename().string();
}

int evaluate(const Words& words, ConsoleReporter& reporter) {
    if (!words.report.empty()) check_report_place(words.report);
    const auto forms = measured_forms(words.folders, words.engine, words.form, reporter);
    const Tokenizer tokenizer = Tokenizer::load(forms.front().options.tokenizer);
    EvalTask task = task_of(words, tokenizer, forms, reporter);

    Evaluation evaluation;
    for (const auto& window : task.windows)
        evaluation.window_tokens = std::max(evaluation.window_tokens, static_cast<int64_t>(window.size()));
    evaluation.windows = task.windows;
    evaluation.questions = task.questions;
    if (words.tokens > 0)
        evaluation.text_name =
            words.text_file.empty() ? "Ovenbird's own text" : words.text_file.filename().string();
    std::unique_ptr<SourceLogits> source;
    if (!words.against.empty()) {
        evaluation.source_name = source_name(words.against);
        source = open_source_logits(pulled_source(words.against, reporter), reporter);
    }
    Evaluator evaluator(std::move(task), source.get(), reporter);
    evaluation.source_choices = evaluator.source_choices();
    for (const auto& form : forms) {
        check_interrupted();
        Measured measured = form.name();
        const auto engine = form.open(tokenizer.pad_id(), measured, reporter);
        evaluation.measured.push_back(evaluator.measure(*engine, std::move(measured)));
    }
    write_output(words.json ? to_json(evaluation).dump(2, ' ', false, Json::error_handler_t::replace) + "\n"
                            : eval_table(evaluation));
    if (!words.report.empty()) write_report(words.report, report_html(evaluation, tokenizer));
    check_forms_agree(evaluation, words.tolerance);
    return 0;
}

}  // namespace

int eval_command(int argc, char** argv) {
    Words words;
    if (!parse(argc, argv, words)) return 0;
    return with_console(words.console, [&](ConsoleReporter& reporter) {
        install_interrupt_handler();
        return evaluate(words, reporter);
    });
}

}  // namespace ovenbird
