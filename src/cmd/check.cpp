#include "check/check.hpp"

#include <fmt/ranges.h>

#include <openvino/runtime/core.hpp>

#include "base/error.hpp"
#include "base/platform/process.hpp"
#include "check/calibration.hpp"
#include "check/compiler.hpp"
#include "check/numerics.hpp"
#include "cmd/commands.hpp"
#include "cmd/options.hpp"
#include "cmd/output.hpp"
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
};

bool parse(int argc, char** argv, Words& words) {
    CLI::App app("Say whether an Intel NPU can take a model, and why not", "ovenbird check");
    app.add_option("model", words.model, "A baked folder, or an OpenVINO IR (.xml)")->required();
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

fs::path model_file(const fs::path& given) {
    fs::path file = fs::is_directory(given) ? given / kModelXmlName : given;
    if (fs::is_regular_file(file) && file.extension() == ".xml") return file;
    fail(ErrorCode::not_found, "'{}' is no OpenVINO IR; give its .xml or the folder that has {}",
         file.string(), kModelXmlName);
}

std::shared_ptr<ov::Model> read(const fs::path& file) {
    try {
        return ov::Core().read_model(file);
    } catch (const ov::Exception& error) {
        fail(ErrorCode::invalid_input, "'{}' cannot be read as an OpenVINO IR: {}", file.string(),
             error.what());
    }
}

bool concerns(const Finding& finding, const std::vector<int>& platforms) {
    return std::any_of(finding.platforms.begin(), finding.platforms.end(), [&](int platform) {
        return std::find(platforms.begin(), platforms.end(), platform) != platforms.end();
    });
}

void print_finding(const Finding& finding) {
    const std::string where = finding.platforms.size() == npu_platforms().size()
                                  ? "every NPU"
                                  : fmt::format("{}", fmt::join(finding.platforms, ", "));
    print_output("{} {}: {}: {}; {}\n", finding.refused ? "refused on" : "costly on", where, finding.node,
                 finding.reason, finding.advice);
}

void print_verdicts(const CheckReport& report, const std::vector<int>& platforms) {
    for (const auto& platform : npu_platforms()) {
        if (std::find(platforms.begin(), platforms.end(), platform.number) == platforms.end()) continue;
        print_output("{} ({}): {}\n", platform.number, platform.name,
                     report.refused_on(platform.number) ? "would be refused" : "should be accepted");
    }
    print_output("weights on the device: about {:.1f} MB, {:.1f} MB of it because compressed ones grow\n",
                 static_cast<double>(report.memory.weights) / 1e6,
                 static_cast<double>(report.memory.grown) / 1e6);
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

void print_numerics(const NumericsReport& report) {
    const auto* overflow = report.first_overflow();
    const auto* drift = report.first_drift();
    const auto* largest = report.largest();  // none where the model computes nothing in floats
    if (overflow != nullptr) {
        print_output(
            "overflows f16: {} is the first, {:.4g} in f32, and f16 ends at 65504; bake with "
            "--activations-scale-factor\n",
            overflow->node, overflow->largest);
    }
    if (drift != nullptr) {
        print_output("drifts in f16: {} is the first, {:.1f}% from its f32 value\n", drift->node,
                     100 * drift->drift);
    }
    print_output("numerics: {} of {} texts go on with the same token in f16; logits {:.2f}% apart{}\n",
                 report.same_token, report.prompts, 100 * report.logits_drift,
                 largest == nullptr
                     ? ""
                     : fmt::format("; largest value {:.4g}, of {}", largest->largest, largest->node));
}

void print_compiled(const Json& json, const std::string& compiler) {
    const JsonObject verdict(json, compiler + "'s verdict");
    const bool accepted = verdict.boolean_or("accepted", false);
    print_output("{}: the compiler {}, {:.1f} s, {:.0f} MB of memory{}\n", verdict.integer_or("platform", 0),
                 accepted ? "accepted it" : "REFUSED it", verdict.number_or("seconds", 0.0),
                 verdict.number_or("peak_mb", 0.0),
                 accepted ? fmt::format(", blob {:.1f} MB", verdict.number_or("blob_bytes", 0.0) / 1e6)
                          : ": " + verdict.text_or("reason", ""));
}

// The manifest of a baked folder, for what the graphs alone do not say.
std::optional<Manifest> manifest_beside(const fs::path& file) {
    std::error_code error;
    const fs::path folder = file.parent_path();
    if (file.filename() != kModelXmlName || !fs::is_regular_file(folder / kManifestName, error))
        return std::nullopt;
    return read_manifest(folder);
}

Json to_json(const NpuEstimate& estimate) {
    return {{"compile_seconds", estimate.seconds},
            {"compile_memory_mb", estimate.memory_mb},
            {"device_bytes", estimate.device_bytes},
            {"requests_a_token", estimate.requests}};
}

void print_estimate(int platform, const char* form, const NpuEstimate& estimate) {
    print_output(
        "{}, {} form with a cache: compiled in about {:.0f} s and {:.0f} MB; {:.0f} MB on the device, {} {} "
        "a "
        "token\n",
        platform, form, estimate.seconds, estimate.memory_mb,
        static_cast<double>(estimate.device_bytes) / 1e6, estimate.requests,
        estimate.requests == 1 ? "request" : "requests");
}

void add_estimates(const fs::path& file, const Words& words, Json& json) {
    const auto manifest = manifest_beside(file);
    if (!manifest) return;
    for (const int platform : words.platforms) {
        const auto estimates = estimate_npu(*manifest, platform);
        if (!estimates) return;
        json["estimates"][std::to_string(platform)] = {{"whole", to_json(estimates->whole)},
                                                       {"folded", to_json(estimates->folded)}};
        if (words.json) continue;
        print_estimate(platform, "whole", estimates->whole);
        print_estimate(platform, "folded", estimates->folded);
    }
}

}  // namespace

int check_command(int argc, char** argv) {
    Words words;
    if (!parse(argc, argv, words)) return 0;
    const fs::path file = model_file(words.model);
    const auto model = read(file);
    const CheckReport report = check_model(model);
    bool refused = std::any_of(words.platforms.begin(), words.platforms.end(),
                               [&](int platform) { return report.refused_on(platform); });
    Json json = to_json(report);
    if (!words.json) {
        for (const auto& finding : report.findings) {
            if (concerns(finding, words.platforms)) print_finding(finding);
        }
        print_verdicts(report, words.platforms);
    }
    add_estimates(file, words, json);
    if (words.numerics) {
        const auto folder = words.tokenizer.empty() ? file.parent_path() : words.tokenizer;
        const auto numerics = check_numerics(model, file, calibration_prompts(folder, *model));
        refused = refused || numerics.first_overflow() != nullptr;
        json["numerics"] = to_json(numerics);
        if (!words.json) print_numerics(numerics);
    }
    if (words.compile) {
        install_interrupt_handler();  // what is before looks at no signal
        const NpuCompiler compiler{npu_compile_command(words.compiler), words.timeout_seconds};
        for (const int platform : words.platforms) {
            const Json verdict = ask_npu_compiler(compiler, file, platform);
            refused = refused || !verdict.value("accepted", false);
            json["compiled"].push_back(verdict);
            if (!words.json) print_compiled(verdict, compiler.command);
        }
    }
    if (words.json) write_output(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return refused ? 1 : 0;
}

}  // namespace ovenbird
