#include "cmd/check_graphs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/error.hpp"
#include "base/platform/process.hpp"
#include "check/compiler.hpp"
#include "check/report.hpp"
#include "cmd/check_text.hpp"
#include "cmd/commands.hpp"
#include "cmd/console.hpp"
#include "cmd/named_model.hpp"
#include "cmd/options.hpp"
#include "cmd/output.hpp"
#include "hub/pull.hpp"
#include "model/manifest.hpp"
#include "model/npu_estimate.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

bool parse(int argc, char** argv, CheckWords& words) {
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
    // What no rule can tell, the compiler is asked.
    words.compile = !why_no_rules().empty();
    app.add_flag(
        "--compile", words.compile,
        "Also ask Intel's compiler, in a process of its own (tools/npu-compile; on Windows this program, "
        "which always asks it)");
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

fs::path beside(const fs::path& xml) {
    return fs::path(xml).replace_extension(".bin");
}

CheckTarget named_graph(const fs::path& folder, const std::string& name) {
    const fs::path xml = folder / name;
    const bool own = fs::exists(beside(xml));
    return {name, xml, own ? beside(xml) : folder / kModelBinName};
}

// Every graph of a baked folder that an NPU may be given; of another folder its model, of a file itself.
std::vector<CheckTarget> targets_of(const fs::path& given, const std::optional<Manifest>& manifest) {
    const fs::path file = fs::is_directory(given) ? given / kModelXmlName : given;
    if (!fs::is_regular_file(file) || file.extension() != ".xml") {
        fail(ErrorCode::not_found, "'{}' is no OpenVINO IR; give its .xml or the folder that has {}",
             file.string(), kModelXmlName);
    }
    if (!manifest) return {{file.filename().string(), file, beside(file)}};
    std::vector<CheckTarget> targets;
    for (const auto& name : npu_graphs(*manifest))
        targets.push_back(named_graph(given, name));
    return targets;
}

Json to_json(const NpuEstimate& estimate) {
    return {{"compile_seconds", estimate.seconds},
            {"compile_memory_mb", estimate.memory_mb},
            {"device_bytes", estimate.device_bytes},
            {"requests_a_token", estimate.requests}};
}

void add_estimates(const Manifest& manifest, const CheckWords& words, Json& json) {
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

bool compile(const CheckTarget& target, const CheckWords& words, Json& json) {
    const NpuCompiler compiler{npu_compile_command(words.compiler), words.timeout_seconds};
    const PairedFiles paired(target.xml, target.bin);
    bool refused = false;
    for (const int platform : words.platforms) {
        const Json verdict = ask_npu_compiler(compiler, paired.xml(), platform);
        const JsonObject told(verdict, compiler.command + "'s verdict");
        const bool accepted = told.boolean_or("accepted", false);
        refused = refused || !accepted;
        if (!why_no_rules().empty())
            json["platforms"][std::to_string(platform)] = accepted ? "accepted" : "refused";
        json["compiled"].push_back(verdict);
        if (!words.json) write_output(compiled_text(target.name, told));
    }
    return refused;
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

int check(CheckWords& words, Reporter& reporter) {
    if (named_model(words.model)) {
        install_interrupt_handler();
        words.model = baked_folder(words.model, reporter);
    }
    const auto manifest = find_manifest(words.model);
    const auto targets = targets_of(words.model, manifest);
    bool refused = false;
    Json json = {{"graphs", Json::array()}};
    if (const auto why = why_no_rules(); !why.empty()) {
        json["rules"] = why;
        if (!words.json) print_output("rules: {}\n", why);
    }
    for (const auto& target : targets)
        refused = judge_graph(target, words, json["graphs"].emplace_back()) || refused;
    json["platforms"] = Json::object();  // known at the end, told here
    if (manifest) add_estimates(*manifest, words, json);
    if (words.numerics) refused = overflows(targets.front(), words, json) || refused;
    if (words.compile) install_interrupt_handler();  // what is before looks at no signal
    for (size_t i = 0; words.compile && i < targets.size(); ++i)
        refused = compile(targets[i], words, json["graphs"][i]) || refused;
    json["platforms"] = platforms_of(json["graphs"]);
    if (words.json) write_output(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return refused ? 1 : 0;
}

}  // namespace

int check_command(int argc, char** argv) {
    CheckWords words;
    if (!parse(argc, argv, words)) return 0;
    return with_console(words.console, [&](ConsoleReporter& reporter) { return check(words, reporter); });
}

}  // namespace ovenbird
