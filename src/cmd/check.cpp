#include "check/check.hpp"

#include <fmt/format.h>

#include <optional>

#include "base/error.hpp"
#include "base/platform/process.hpp"
#include "check/calibration.hpp"
#include "check/compiler.hpp"
#include "check/numerics.hpp"
#include "cmd/check_text.hpp"
#include "cmd/commands.hpp"
#include "cmd/console.hpp"
#include "cmd/named_model.hpp"
#include "cmd/options.hpp"
#include "cmd/output.hpp"
#include "device/models.hpp"
#include "hub/pull.hpp"
#include "model/manifest.hpp"
#include "model/npu_estimate.hpp"
#include "text/tokenizer.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

struct Words {
    fs::path model;
    std::vector<int> platforms;
    bool numerics = false;
    fs::path tokenizer;
    bool compile = false;
    std::string compiler;
    int64_t timeout_seconds = 900;
    bool json = false;
    ConsoleOptions console;
};

bool parse(int argc, char** argv, Words& words) {
    CLI::App app("Say whether an Intel NPU can take a model, and why not", "ovenbird check");
    app.add_option("model", words.model, "A baked folder, an OpenVINO IR (.xml), or ORG/NAME of a hub")
        ->required();
    app.add_option("--platform", words.platforms,
                   "Look only at these NPU generations: 3720, 4000, 5010, 5020, 6010 (all by default)")
        ->delimiter(',');
    app.add_flag("--numerics", words.numerics,
                 "Also run texts through it in f32 and in f16 on the CPU: where does f16 overflow or drift?");
    app.add_option("--tokenizer-id", words.tokenizer,
                   "Folder of the tokenizer for --numerics (default: beside the model)");
    app.add_flag("--compile", words.compile,
                 "Also ask Intel's compiler, in a process of its own (tools/npu-compile)");
    app.add_option("--compiler", words.compiler,
                   "The command that --compile runs; $OVENBIRD_NPU_COMPILE, else npu-compile");
    app.add_option("--timeout", words.timeout_seconds, "Seconds that one compilation may take")
        ->capture_default_str();
    app.add_flag("--json", words.json, "Print the findings as JSON");
    add_console_options(app, words.console);
    if (!parse_command(app, argc, argv)) return false;
    for (const int platform : words.platforms) {
        const auto& known = npu_platforms();
        if (std::none_of(known.begin(), known.end(),
                         [&](const auto& each) { return each.number == platform; }))
            fail(ErrorCode::usage, "--platform {}: known are 3720, 4000, 5010, 5020 and 6010", platform);
    }
    if (words.platforms.empty()) {
        for (const auto& platform : npu_platforms())
            words.platforms.push_back(platform.number);
    }
    return true;
}

// The graphs that are judged, each with its weights file.
struct Target {
    std::string name;  // relative to the folder, or the file that was named
    fs::path xml;
    fs::path bin;
};

fs::path beside(const fs::path& xml) {
    return fs::path(xml).replace_extension(".bin");
}

Target named_graph(const fs::path& folder, const std::string& name) {
    const fs::path xml = folder / name;
    const bool own = fs::exists(beside(xml));
    return {name, xml, own ? beside(xml) : folder / kModelBinName};
}

// Every graph of a baked folder that an NPU may be given; of another folder its model, of a file itself.
std::vector<Target> targets_of(const fs::path& given, const std::optional<Manifest>& manifest) {
    const fs::path file = fs::is_directory(given) ? given / kModelXmlName : given;
    if (!fs::is_regular_file(file) || file.extension() != ".xml") {
        fail(ErrorCode::not_found, "'{}' is no OpenVINO IR; give its .xml or the folder that has {}",
             file.string(), kModelXmlName);
    }
    if (!manifest) return {{file.filename().string(), file, beside(file)}};
    std::vector<Target> targets;
    for (const auto& name : npu_graphs(*manifest))
        targets.push_back(named_graph(given, name));
    return targets;
}

std::shared_ptr<ov::Model> read(const Target& target) {
    std::error_code missing;
    return read_graph(target.xml, fs::exists(target.bin, missing) ? target.bin : fs::path());
}

// One prompt for each calibration text to begin with; the others follow it round and round until the window
// is full, because positions count as well.
std::vector<std::vector<int64_t>> calibration_prompts(const fs::path& tokenizer_folder,
                                                      const ov::Model& model) {
    const auto tokenizer = Tokenizer::load(tokenizer_folder);
    const size_t window = window_tokens(model);
    std::vector<std::vector<int64_t>> prompts;
    const auto& texts = calibration_texts();
    // A long window is a minute's work, and holds them all anyway.
    const size_t count = window > 256 ? 1 : texts.size();
    for (size_t first = 0; first < count; ++first) {
        auto& prompt = prompts.emplace_back(tokenizer.encode(texts[first], true));
        for (size_t next = first + 1; prompt.size() < window; ++next) {
            const auto more = tokenizer.encode("\n\n" + texts[next % texts.size()], false);
            if (more.empty()) fail(ErrorCode::invalid_input, "the tokenizer makes no tokens of plain text");
            prompt.insert(prompt.end(), more.begin(), more.end());
        }
        prompt.resize(window);
    }
    return prompts;
}

Json to_json(const NpuEstimate& estimate) {
    return {{"compile_seconds", estimate.seconds},
            {"compile_memory_mb", estimate.memory_mb},
            {"device_bytes", estimate.device_bytes},
            {"requests_a_token", estimate.requests}};
}

void add_estimates(const Manifest& manifest, const Words& words, Json& json) {
    for (const int platform : words.platforms) {
        const auto estimates = estimate_npu(manifest, platform);
        if (!estimates) return;
        json["estimates"][std::to_string(platform)] = {{"whole", to_json(estimates->whole)},
                                                       {"folded", to_json(estimates->folded)}};
        if (words.json) continue;
        write_output(estimate_text(platform, "whole", estimates->whole) +
                     estimate_text(platform, "folded", estimates->folded));
    }
}

// Judges one graph; whether it is refused.
bool judge(const Target& target, const Words& words, Json& json) {
    const CheckReport report = check_model(read(target));
    json = to_json(report);
    json["graph"] = target.name;
    if (!words.json) write_output(report_text(target.name, report, words.platforms));
    return std::any_of(words.platforms.begin(), words.platforms.end(),
                       [&](int platform) { return report.refused_on(platform); });
}

bool compile(const Target& target, const Words& words, Json& json) {
    const NpuCompiler compiler{npu_compile_command(words.compiler), words.timeout_seconds};
    const PairedFiles paired(target.xml, target.bin);
    bool refused = false;
    for (const int platform : words.platforms) {
        const Json verdict = ask_npu_compiler(compiler, paired.xml(), platform);
        const JsonObject told(verdict, compiler.command + "'s verdict");
        refused = refused || !told.boolean_or("accepted", false);
        json["compiled"].push_back(verdict);
        if (!words.json) write_output(compiled_text(target.name, told));
    }
    return refused;
}

// Of the window, whose graph is the first.
bool overflows(const Target& window, const Words& words, Json& json) {
    const auto model = read(window);
    const auto folder = words.tokenizer.empty() ? window.xml.parent_path() : words.tokenizer;
    const auto numerics = check_numerics(model, window.xml, calibration_prompts(folder, *model));
    json["numerics"] = to_json(numerics);
    if (!words.json) write_output(numerics_text(numerics));
    return numerics.first_overflow() != nullptr;
}

// A platform is refused what one graph is refused.
Json platforms_of(const Json& graphs) {
    Json platforms = Json::object();
    for (const auto& graph : graphs) {
        for (const auto& [platform, verdict] : graph.at("platforms").items()) {
            if (!platforms.contains(platform) || verdict == "refused") platforms[platform] = verdict;
        }
    }
    return platforms;
}

int check(Words& words, Reporter& reporter) {
    if (named_model(words.model)) {
        install_interrupt_handler();
        words.model = baked_folder(words.model, reporter);
    }
    const auto manifest = find_manifest(words.model);
    const auto targets = targets_of(words.model, manifest);
    bool refused = false;
    Json json = {{"graphs", Json::array()}};
    for (const auto& target : targets)
        refused = judge(target, words, json["graphs"].emplace_back()) || refused;
    json["platforms"] = platforms_of(json["graphs"]);
    if (manifest) add_estimates(*manifest, words, json);
    if (words.numerics) refused = overflows(targets.front(), words, json) || refused;
    if (words.compile) install_interrupt_handler();  // what is before looks at no signal
    for (size_t i = 0; words.compile && i < targets.size(); ++i)
        refused = compile(targets[i], words, json["graphs"][i]) || refused;
    if (words.json) write_output(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return refused ? 1 : 0;
}

}  // namespace

int check_command(int argc, char** argv) {
    Words words;
    if (!parse(argc, argv, words)) return 0;
    return with_console(words.console, [&](ConsoleReporter& reporter) { return check(words, reporter); });
}

}  // namespace ovenbird
