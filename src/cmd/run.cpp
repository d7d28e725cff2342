#include <cstdio>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/platform/files.hpp"
#include "base/platform/process.hpp"
#include "cmd/answer_options.hpp"
#include "cmd/commands.hpp"
#include "cmd/console.hpp"
#include "cmd/engine_options.hpp"
#include "cmd/options.hpp"
#include "cmd/output.hpp"
#include "cmd/thinking_text.hpp"
#include "run/answer.hpp"
#include "text/constraint.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLargestPromptBytes = uint64_t{64} << 20;

struct Words {
    EngineOptions engine;
    std::string prompt;
    fs::path prompt_file;
    bool raw = false;
    bool json = false;
    AnswerWords answer;
    std::string system;
    std::string chat_template;
    std::optional<LongPrompt> on_long_prompt;
    ConsoleOptions console;
};

bool parse(int argc, char** argv, Words& words) {
    CLI::App app("Answer a prompt with a static model, on the first device that takes it", "ovenbird run");
    app.add_option("folder", words.engine.folder, "A folder that ovenbird bake made, or ORG/NAME of a hub");
    app.add_option("prompt,--prompt", words.prompt,
                   "The prompt; '-', or nothing with a pipe: standard input");
    app.add_option("--model-xml", words.engine.model_xml, "A static [1, N] IR instead of a folder");
    app.add_option("--prompt-file", words.prompt_file, "Read the prompt from a file");
    app.add_option("--system", words.system, "System message for the chat template");
    app.add_flag("--raw", words.raw, "Send the prompt as it is, without the chat template");
    add_answer_options(app, words.answer);
    const std::map<std::string, LongPrompt> policies{{"truncate", LongPrompt::truncate},
                                                     {"error", LongPrompt::error}};
    app.add_option("--on-long-prompt", words.on_long_prompt,
                   "A prompt beyond the window: error refuses it, truncate drops its oldest tokens with a "
                   "warning (default: error, truncate without a cache)")
        ->transform(CLI::CheckedTransformer(policies));
    add_engine_options(app, words.engine);
    app.add_flag("--json", words.json, "Print one JSON object instead of streaming text");
    app.add_option("--chat-template", words.chat_template,
                   "Of several chat templates of the model, this one");
    add_console_options(app, words.console);
    if (!parse_command(app, argc, argv)) return false;
    note_given(app, words.answer);
    return true;
}

// `run --model_xml X "prompt"`: the one positional is then the prompt.
void settle_prompt(Words& words) {
    auto& engine = words.engine;
    if (!engine.model_xml.empty() && !engine.folder.empty() && words.prompt.empty()) {
        words.prompt = engine.folder.string();
        engine.folder.clear();
    }
}

std::string read_stdin() {
    std::string text;
    char buffer[65536];
    while (const size_t got = std::fread(buffer, 1, sizeof buffer, stdin)) {
        text.append(buffer, got);
        if (text.size() > kLargestPromptBytes)
            fail(ErrorCode::usage, "the prompt on standard input is too large");
        check_interrupted();  // the next read would wait again
    }
    return text;
}

std::string find_prompt(const Words& words) {
    std::string text = words.prompt;
    if (!words.prompt_file.empty()) {
        if (!text.empty()) fail(ErrorCode::usage, "give the prompt or --prompt-file, not both");
        text = read_file(words.prompt_file, kLargestPromptBytes);
    } else if (text == "-" || (text.empty() && !stdin_is_terminal())) {
        text = read_stdin();
    } else {
        return text;
    }
    // The newline that ends a file or an echo is not part of the question.
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    return text;
}

Json top_json(const Generation& generation) {
    Json places = Json::array();
    for (const auto& place : generation.top_log_probabilities) {
        Json top = Json::array();
        for (const auto& each : place)
            top.push_back(
                {{"token", each.token}, {"text", each.text}, {"log_probability", each.log_probability}});
        places.push_back(std::move(top));
    }
    return places;
}

Json result_json(const Answer& answer, const OpenedEngine& opened, const AnswerWords& options) {
    const Engine& engine = *opened.engine;
    Json passed = Json::array();
    for (const auto& device : opened.passed_over) {
        passed.push_back({{"device", device.device}, {"reason", device.reason}});
    }
    return {{"text", answer.text},
            {"thinking", answer.thinking},
            {"tokens", answer.generation.tokens},
            {"device", engine.device()},
            {"passed_over", passed},
            {"window_tokens", engine.window_tokens()},
            {"prompt_tokens", answer.prompt_tokens},
            {"dropped_tokens", answer.dropped_tokens},
            {"new_tokens", answer.generation.tokens.size()},
            {"ttft_ms", answer.generation.first_token_ms},
            {"tokens_per_s", answer.generation.tokens_per_second()},
            {"compile_s", opened.compile_seconds},
            {"log_probabilities", answer.generation.log_probabilities},
            {"top_log_probabilities", top_json(answer.generation)},
            {"steps", answer.generation.steps},
            {"drafted", answer.generation.drafted},
            {"accepted", answer.generation.accepted},
            {"seed", answer.generation.seed},
            {"options", to_json(options)},
            {"finish_reason", finish_reason_name(answer.generation.reason)}};
}

void print_statistics(const Answer& answer, const Engine& engine, ConsoleReporter& reporter) {
    const auto& generation = answer.generation;
    reporter.note(fmt::format(
        "{}: {} prompt tokens, {} new tokens, first after {:.0f} ms, {:.1f} tokens/s, finished: {}",
        engine.device(), answer.prompt_tokens, generation.tokens.size(), generation.first_token_ms,
        generation.tokens_per_second(), finish_reason_name(generation.reason)));
}

Answer answer_prompt(const AnswerOptions& options, bool silent, Engine& engine, const Tokenizer& tokenizer,
                     const EncodedPrompt& prompt, ConsoleReporter& reporter) {
    const auto on_drop = [&](int64_t dropped) {
        reporter.warn(
            fmt::format("the prompt is longer than the window of {} tokens: its first {} tokens were dropped",
                        engine.window_tokens(), dropped));
    };
    const auto on_text = [&](const std::string& text) {
        return (silent || try_output(text)) && !interrupted();
    };
    return answer(engine, tokenizer, prompt, options, on_drop, on_text);
}

int work(Words& words, ConsoleReporter& reporter) {
    validate(answer_options(words.answer));
    install_interrupt_handler();
    settle_places(words.engine, reporter);
    if (const auto told = apply_generation_config(words.answer, words.engine.tokenizer); !told.empty())
        reporter.note(told);
    AnswerOptions options = answer_options(words.answer);
    validate(options);
    const std::string text = find_prompt(words);
    check_interrupted();  // Ctrl-C ends a read as the end of its file does: half a prompt is none
    const Tokenizer tokenizer = Tokenizer::load(words.engine.tokenizer);
    const auto chat =
        words.raw ? std::nullopt : ChatTemplate::load(words.engine.tokenizer, words.chat_template);
    // Before the model is compiled: what is wrong with a prompt should not cost a minute.
    auto prompt =
        encode_prompt(tokenizer, chat ? &*chat : nullptr, text, words.system, options.template_arguments);
    auto constraint = make_constraint(answer_form(words.answer), tokenizer);
    if (constraint) options.mask = &*constraint;
    options.stop_asked = interrupted;
    if (words.answer.show_thinking) options.on_thinking = show_thinking;
    const bool has_cache = words.engine.context > 0;
    options.on_long_prompt =
        words.on_long_prompt.value_or(has_cache ? LongPrompt::error : LongPrompt::truncate);
    if (has_cache && options.on_long_prompt == LongPrompt::error)
        fit_prompt(prompt.ids, words.engine.context, LongPrompt::error);

    const OpenedEngine opened = open_told(words.engine, tokenizer.pad_id(), reporter);
    Engine& engine = *opened.engine;
    if (const auto warning = vocabulary_warning(tokenizer, engine); !warning.empty()) reporter.warn(warning);
    check_interrupted();  // a compilation cannot be stopped: what was asked meanwhile counts now

    const Answer answer = answer_prompt(options, words.json, engine, tokenizer, prompt, reporter);
    if (words.json) {
        write_output(
            result_json(answer, opened, words.answer).dump(2, ' ', false, Json::error_handler_t::replace) +
            "\n");
    } else {
        write_output("\n");
        tell_thinking(answer, words.answer, reporter);
        print_statistics(answer, engine, reporter);
    }
    return interrupted() ? exit_status(ErrorCode::interrupted) : 0;
}

}  // namespace

int run_command(int argc, char** argv) {
    Words words;
    if (!parse(argc, argv, words)) return 0;
    settle_prompt(words);
    return with_console(words.console, [&](ConsoleReporter& reporter) { return work(words, reporter); });
}

}  // namespace ovenbird
