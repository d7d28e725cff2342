#include <cerrno>
#include <cstdio>
#include <iostream>
#include <iterator>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/platform/files.hpp"
#include "base/platform/process.hpp"
#include "cmd/commands.hpp"
#include "cmd/console.hpp"
#include "cmd/options.hpp"
#include "device/cache.hpp"
#include "device/device.hpp"
#include "model/manifest.hpp"
#include "run/chat.hpp"
#include "run/open_engine.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLargestPromptBytes = uint64_t{64} << 20;

struct Words {
    fs::path folder;
    std::string prompt;
    fs::path model_xml;
    fs::path tokenizer;
    fs::path prompt_file;
    std::string devices = "NPU,GPU,CPU";
    std::vector<std::string> properties;
    fs::path cache_folder = compiled_cache_folder();
    bool no_cache = false;
    bool raw = false;
    bool json = false;
    bool cached = false;
    bool only_static = false;
    bool prompt_lookup = false;
    AnswerOptions answer;
    ConsoleOptions console;
};

void add_sampling(CLI::App& app, Words& words) {
    auto& sampling = words.answer.sampling;
    app.add_option("--temperature", sampling.temperature, "0 is greedy; higher is bolder")
        ->capture_default_str();
    app.add_option("--top-k", sampling.top_k, "Draw from the k most likely tokens only; 0: from all")
        ->capture_default_str();
    app.add_option("--top-p", sampling.top_p,
                   "Draw from the fewest tokens that hold this share of probability")
        ->capture_default_str();
    app.add_option("--min-p", sampling.min_p, "Draw from tokens at least this share as likely as the best")
        ->capture_default_str();
    app.add_option("--repetition-penalty", sampling.repetition_penalty,
                   "Above 1: what was said becomes unlikely")
        ->capture_default_str();
    app.add_option("--presence-penalty", sampling.presence_penalty, "Subtracted once from what was generated")
        ->capture_default_str();
    app.add_option("--frequency-penalty", sampling.frequency_penalty,
                   "Subtracted for each time it was generated")
        ->capture_default_str();
    app.add_option("--seed", sampling.seed, "The same seed gives the same text");
    app.add_option("--stop", words.answer.stop, "A string that ends the answer; repeatable")
        ->allow_extra_args(false);
}

bool parse(int argc, char** argv, Words& words) {
    CLI::App app("Answer a prompt with a static model, on the first device that takes it", "ovenbird run");
    app.add_option("folder", words.folder, "A folder that ovenbird bake made");
    app.add_option("prompt,--prompt", words.prompt,
                   "The prompt; '-', or nothing with a pipe: standard input");
    app.add_option("--model-xml", words.model_xml, "A static [1, N] IR instead of a folder");
    app.add_option("--tokenizer-id", words.tokenizer,
                   "Folder of the tokenizer (default: the model's own folder)");
    app.add_option("--prompt-file", words.prompt_file, "Read the prompt from a file");
    app.add_option("--system", words.answer.system, "System message for the chat template");
    app.add_flag("--raw", words.raw, "Send the prompt as it is, without the chat template");
    app.add_option("--max-new-tokens", words.answer.max_new_tokens, "Most tokens to generate")
        ->capture_default_str();
    add_sampling(app, words);
    const std::map<std::string, LongPrompt> policies{{"truncate", LongPrompt::truncate},
                                                     {"error", LongPrompt::error}};
    app.add_option(
           "--on-long-prompt", words.answer.on_long_prompt,
           "A prompt beyond the window: truncate drops its oldest tokens with a warning, error refuses")
        ->transform(CLI::CheckedTransformer(policies))
        ->default_str("truncate");
    app.add_option("--device", words.devices, "Devices to try, in order")->capture_default_str();
    app.add_option("--ov-config", words.properties,
                   "KEY=VALUE for the device, any OpenVINO property; repeatable")
        ->allow_extra_args(false);
    app.add_option("--cache-dir", words.cache_folder, "Compiled-model cache")->capture_default_str();
    app.add_flag("--no-cache", words.no_cache, "Compile afresh and keep nothing");
    auto* cached = app.add_flag("--cached", words.cached,
                                "Keep keys and values between tokens: prompts and answers up to the folder's "
                                "--context, and only new tokens are computed");
    app.add_flag(
           "--prompt-lookup", words.prompt_lookup,
           "With --cached: draft tokens from what was said before and verify several at once; the same text, "
           "sooner where it repeats itself")
        ->needs(cached);
    app.add_flag("--static", words.only_static,
                 "With --cached: the static graphs on every device, not only on an NPU")
        ->needs(cached);
    app.add_flag("--json", words.json, "Print one JSON object instead of streaming text");
    add_console_options(app, words.console);
    return parse_command(app, argc, argv);
}

// `run --model_xml X "prompt"`: the one positional is then the prompt.
void settle_places(Words& words) {
    if (!words.model_xml.empty()) {
        if (!words.folder.empty() && words.prompt.empty()) words.prompt = words.folder.string();
        words.folder = words.model_xml.has_parent_path() ? words.model_xml.parent_path() : fs::path(".");
    } else if (words.folder.empty()) {
        fail(ErrorCode::usage, "no model given: ovenbird run DIR \"prompt\"; see ovenbird run --help");
    } else {
        words.model_xml = words.folder / kModelXmlName;
        std::error_code error;
        if (!fs::is_directory(words.folder, error)) {
            fail(ErrorCode::not_found, "{}: no such folder; bake a model first: ovenbird bake SOURCE -o {}",
                 words.folder.string(), words.folder.string());
        }
    }
    if (words.tokenizer.empty()) words.tokenizer = words.folder;
}

std::string read_stdin() {
    std::string text;
    char buffer[65536];
    while (const size_t got = std::fread(buffer, 1, sizeof buffer, stdin)) {
        text.append(buffer, got);
        if (text.size() > kLargestPromptBytes)
            fail(ErrorCode::usage, "the prompt on standard input is too large");
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

DeviceOptions device_options(const Words& words) {
    DeviceOptions options;
    options.devices.clear();
    std::string rest = words.devices + ",";
    for (size_t comma = rest.find(','); comma != std::string::npos; comma = rest.find(',')) {
        if (comma > 0) options.devices.push_back(rest.substr(0, comma));
        rest.erase(0, comma + 1);
    }
    for (const auto& property : words.properties) {
        const size_t equals = property.find('=');
        if (equals == std::string::npos || equals == 0) {
            fail(ErrorCode::usage, "--ov-config {}: expected KEY=VALUE", property);
        }
        options.properties[property.substr(0, equals)] = property.substr(equals + 1);
    }
    if (!words.no_cache) options.cache_folder = words.cache_folder;
    return options;
}

// False when the reader has gone away: nobody is left to answer to.
bool print_text(const std::string& text) {
    if (text.empty()) return true;
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
}

Json result_json(const Answer& answer, const OpenedEngine& opened) {
    const Engine& engine = *opened.engine;
    Json passed = Json::array();
    for (const auto& device : opened.passed_over) {
        passed.push_back({{"device", device.device}, {"reason", device.reason}});
    }
    return {{"text", answer.text},
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
            {"steps", answer.generation.steps},
            {"drafted", answer.generation.drafted},
            {"accepted", answer.generation.accepted},
            {"seed", answer.generation.seed},
            {"finish_reason", finish_reason_name(answer.generation.reason)}};
}

void print_statistics(const Answer& answer, const Engine& engine, ConsoleReporter& reporter) {
    const auto& generation = answer.generation;
    reporter.note(fmt::format(
        "{}: {} prompt tokens, {} new tokens, first after {:.0f} ms, {:.1f} tokens/s, finished: {}",
        engine.device(), answer.prompt_tokens, generation.tokens.size(), generation.first_token_ms,
        generation.tokens_per_second(), finish_reason_name(generation.reason)));
}

// What the bake compiled ahead of time, for a folder that it made.
std::vector<BlobFile> blobs_beside(const Words& words) {
    std::error_code error;
    const bool own = words.model_xml.filename() == kModelXmlName &&
                     fs::is_regular_file(words.folder / kManifestName, error);
    std::vector<BlobFile> blobs;
    if (!own) return blobs;
    for (const auto& blob : read_manifest(words.folder).blobs)
        blobs.push_back({blob.platform, words.folder / blob.file, blob.bytes, blob.hash, blob.requirements});
    return blobs;
}

Answer answer_prompt(const Words& words, Engine& engine, const Tokenizer& tokenizer,
                     const std::vector<int64_t>& prompt, ConsoleReporter& reporter) {
    const auto on_drop = [&](int64_t dropped) {
        reporter.warn(
            fmt::format("the prompt is longer than the window of {} tokens: its first {} tokens were dropped",
                        engine.window_tokens(), dropped));
    };
    const auto on_text = [&](const std::string& text) {
        return (words.json || print_text(text)) && !interrupted();
    };
    return answer(engine, tokenizer, prompt, words.answer, on_drop, on_text);
}

}  // namespace

int run_command(int argc, char** argv) {
    Words words;
    if (!parse(argc, argv, words)) return 0;
    settle_places(words);
    validate(words.answer.sampling);
    words.answer.draft_tokens = words.prompt_lookup ? 7 : 0;  // with the token before them, a graph of 8
    install_interrupt_handler();
    ConsoleReporter reporter(words.console);
    const std::string text = find_prompt(words);
    auto options = device_options(words);
    options.blobs = blobs_beside(words);
    const Tokenizer tokenizer = Tokenizer::load(words.tokenizer);
    const auto chat = words.raw ? std::nullopt : ChatTemplate::load(words.tokenizer);
    // Before the model is compiled: what is wrong with a prompt should not cost a minute.
    const auto prompt = encode_prompt(tokenizer, chat ? &*chat : nullptr, text, words.answer.system);

    const OpenedEngine opened =
        words.cached ? open_cached(words.folder, options, tokenizer.pad_id(), words.only_static)
                     : open_stateless(words.model_xml, options, tokenizer.pad_id());
    Engine& engine = *opened.engine;
    for (const auto& passed : opened.passed_over) {
        reporter.note(fmt::format("{} passed over: {}", passed.device, passed.reason));
    }
    if (!opened.blob_note.empty()) reporter.note("NPU: " + opened.blob_note);
    check_vocabulary(tokenizer, engine);
    reporter.debug(fmt::format("compiled for {} in {:.2f} s", engine.device(), opened.compile_seconds));
    reporter.note(engine.input_shapes());

    const Answer answer = answer_prompt(words, engine, tokenizer, prompt, reporter);
    if (words.json) {
        print_text(result_json(answer, opened).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    } else {
        print_text("\n");
        print_statistics(answer, engine, reporter);
    }
    return interrupted() ? exit_status(ErrorCode::interrupted) : 0;
}

}  // namespace ovenbird
