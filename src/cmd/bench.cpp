#include <algorithm>
#include <random>

#include "base/error.hpp"
#include "base/platform/files.hpp"
#include "base/platform/process.hpp"
#include "cmd/bench_table.hpp"
#include "cmd/commands.hpp"
#include "cmd/console.hpp"
#include "cmd/contestant.hpp"
#include "cmd/engine_options.hpp"
#include "cmd/output.hpp"
#include "model/step.hpp"
#include "text/tokenizer.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLargestTextBytes = uint64_t{64} << 20;

struct Words {
    EngineOptions engine;
    ConsoleOptions console;
    std::vector<int64_t> prompt_tokens{128};
    int64_t new_tokens = 64;
    int64_t rounds = 5;
    fs::path text_file;
    bool prompt_lookup = false;
    std::vector<std::string> peers;  // "openvino-genai=FOLDER", "llama.cpp=FILE"
    std::string python = "python3";
    bool grid = false;
    bool json = false;
};

bool parse(int argc, char** argv, Words& words) {
    CLI::App app("Measure time to first token, prefill, decode, load and memory of a baked folder",
                 "ovenbird bench");
    app.add_option("folder", words.engine.folder, "A folder that ovenbird bake made, or ORG/NAME of a hub")
        ->required();
    app.add_option("--prompt-tokens", words.prompt_tokens, "Lengths of the prompts")
        ->delimiter(',')
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--new-tokens", words.new_tokens, "Tokens of each answer, whatever they are")
        ->check(CLI::Range(int64_t{2}, int64_t{1} << 20))
        ->capture_default_str();
    app.add_option("--rounds", words.rounds, "Answers measured, each to another prompt; one more warms up")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--text", words.text_file, "Take the prompts from this text (default: random tokens)");
    app.add_flag("--prompt-lookup", words.prompt_lookup, "Measure prompt lookup beside plain decoding");
    app.add_option("--compare", words.peers,
                   "Measure another runtime beside it, in turn: openvino-genai=FOLDER (exported by "
                   "optimum-intel) or llama.cpp=FILE.gguf; repeatable")
        ->allow_extra_args(false);
    app.add_option("--python", words.python, "The Python that has openvino_genai or llama_cpp")
        ->capture_default_str();
    app.add_flag(
        "--grid", words.grid,
        "Every OpenVINO contestant with its defaults, and with INFERENCE_PRECISION_HINT f32 and bf16 "
        "times DYNAMIC_QUANTIZATION_GROUP_SIZE 0, 32 and 64");
    add_engine_options(app, words.engine);
    app.add_flag("--json", words.json, "Print the figures as one JSON object");
    add_console_options(app, words.console);
    return parse_command(app, argc, argv);
}

using Setting = std::map<std::string, std::string>;

std::vector<Setting> settings_of(const Words& words) {
    std::vector<Setting> settings{{}};
    if (!words.grid) return settings;
    for (const char* precision : {"f32", "bf16"})
        for (const char* group : {"0", "32", "64"})
            settings.push_back(
                {{"INFERENCE_PRECISION_HINT", precision}, {"DYNAMIC_QUANTIZATION_GROUP_SIZE", group}});
    return settings;
}

std::string setting_name(const Setting& setting) {
    if (setting.empty()) return "";
    return fmt::format(" {} dq{}", setting.at("INFERENCE_PRECISION_HINT"),
                       setting.at("DYNAMIC_QUANTIZATION_GROUP_SIZE"));
}

struct Field {
    std::vector<Entry> entries;
    std::string device;
    int64_t window_tokens = 0;
    int64_t vocab_size = 0;
};

void add_own(const Words& words, const Setting& setting, int64_t pad_id, ConsoleReporter& reporter,
             Field& field) {
    EngineOptions options = words.engine;
    for (const auto& [key, value] : setting)
        options.properties.push_back(fmt::format("{}={}", key, value));
    OpenedEngine opened = open_told(options, pad_id, reporter);
    const std::shared_ptr<Engine> engine = std::move(opened.engine);
    field.device = engine->device();
    field.window_tokens = engine->window_tokens();
    field.vocab_size = engine->vocab_size();
    const std::string name = "ovenbird" + setting_name(setting);
    field.entries.push_back({name, std::make_unique<OwnContestant>(engine, opened.compile_seconds, 0)});
    if (words.prompt_lookup) {
        field.entries.push_back(
            {name + ", prompt lookup",
             std::make_unique<OwnContestant>(engine, opened.compile_seconds, kDraftTokens)});
    }
}

void add_peers(const Words& words, const Setting& setting, ConsoleReporter& reporter, Field& field) {
    for (const auto& peer : words.peers) {
        const size_t equals = peer.find('=');
        const std::string kind = peer.substr(0, equals);
        if (equals == std::string::npos || (kind != "openvino-genai" && kind != "llama.cpp")) {
            fail(ErrorCode::usage, "--compare {}: expected openvino-genai=FOLDER or llama.cpp=FILE.gguf",
                 peer);
        }
        if (kind == "llama.cpp" && !setting.empty()) continue;  // these are not settings of its
        try {
            field.entries.push_back(
                {kind + setting_name(setting),
                 std::make_unique<PeerContestant>(words.python, kind, peer.substr(equals + 1), setting)});
        } catch (const Error& error) {
            if (error.code() != ErrorCode::unsupported && error.code() != ErrorCode::not_found) throw;
            reporter.warn(fmt::format("not compared: {}", error.what()));
        }
    }
}

// Where a prompt starts differs from round to round, so that nothing of it is known from the one before.
class Prompts {
public:
    Prompts(const Words& words, const Tokenizer& tokenizer, int64_t vocab_size) {
        if (!words.text_file.empty()) {
            ids_ = tokenizer.encode(read_file(words.text_file, kLargestTextBytes), false);
            if (ids_.empty()) fail(ErrorCode::usage, "{}: holds no text", words.text_file.string());
            return;
        }
        std::mt19937 random(1);
        ids_.resize(1 << 14);
        for (auto& id : ids_)
            id = static_cast<int64_t>(random() %
                                      static_cast<uint64_t>(std::min(vocab_size, tokenizer.id_limit())));
    }

    std::vector<int64_t> prompt(int64_t tokens, int64_t round) const {
        constexpr size_t kStride = 61;
        std::vector<int64_t> ids(static_cast<size_t>(tokens));
        for (size_t i = 0; i < ids.size(); ++i)
            ids[i] = ids_[(static_cast<size_t>(round) * kStride + i) % ids_.size()];
        return ids;
    }

private:
    std::vector<int64_t> ids_;
};

void measure_all(const Words& words, const Prompts& prompts, ConsoleReporter& reporter, Field& field) {
    int64_t number = 0;
    for (const int64_t tokens : words.prompt_tokens) {
        for (int64_t round = 0; round <= words.rounds; ++round) {
            const auto prompt = prompts.prompt(tokens, ++number);
            for (auto& entry : field.entries) {
                check_interrupted();
                auto timing = entry.contestant->measure(prompt, words.new_tokens);
                if (round > 0) entry.timings[tokens].push_back(std::move(timing));
            }
            reporter.debug(fmt::format("{} prompt tokens: round {} of {}", tokens, round, words.rounds));
        }
    }
}

int measure(const Words& words, ConsoleReporter& reporter) {
    const Tokenizer tokenizer = Tokenizer::load(words.engine.tokenizer);
    Field field;
    for (const auto& setting : settings_of(words)) {
        add_own(words, setting, tokenizer.pad_id(), reporter, field);
        add_peers(words, setting, reporter, field);
    }
    const int64_t longest = *std::max_element(words.prompt_tokens.begin(), words.prompt_tokens.end());
    if (longest + words.new_tokens > field.window_tokens) {
        fail(ErrorCode::usage, "{} prompt tokens and {} new ones exceed the model's window of {}", longest,
             words.new_tokens, field.window_tokens);
    }
    measure_all(words, Prompts(words, tokenizer, field.vocab_size), reporter, field);
    const auto text =
        words.json ? bench_json(field.entries, field.device).dump(2) + "\n" : bench_table(field.entries);
    write_output(text);
    return 0;
}

}  // namespace

int bench_command(int argc, char** argv) {
    Words words;
    if (!parse(argc, argv, words)) return 0;
    return with_console(words.console, [&](ConsoleReporter& reporter) {
        install_interrupt_handler();
        settle_places(words.engine, reporter);
        return measure(words, reporter);
    });
}

}  // namespace ovenbird
