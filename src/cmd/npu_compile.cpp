// What tools/npu-compile does, with the compiler that OpenVINO brings along (on Windows); the program starts
// it for itself.
//
// It starts itself once more for the compilation, so that a compiler that crashes, hangs or eats the memory
// is a verdict as well.

#include "device/npu_compile.hpp"
#include "base/error.hpp"
#include "base/platform/files.hpp"
#include "base/platform/process.hpp"
#include "check/compiler.hpp"
#include "check/report.hpp"
#include "check/verdict.hpp"
#include "cmd/commands.hpp"
#include "cmd/options.hpp"
#include "cmd/output.hpp"
#include "device/device.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

// As tools/npu-compile has them.
constexpr int64_t kTimeoutSeconds = 900;
constexpr uint64_t kMemoryMb = 12000;

struct Words {
    fs::path model;
    int platform = 4000;
    fs::path blob;
    int64_t timeout_seconds = kTimeoutSeconds;
    uint64_t memory_mb = kMemoryMb;
    bool json = false;
    bool inside = false;
};

bool parse(int argc, char** argv, Words& words) {
    CLI::App app("Ask Intel's NPU compiler whether it takes an OpenVINO IR, and print its verdict as JSON",
                 "ovenbird npu-compile");
    app.add_option("model", words.model, "An OpenVINO IR (.xml), its weights beside it")->required();
    app.add_option("--platform", words.platform, "The NPU's generation")->capture_default_str();
    app.add_option("--blob", words.blob, "Keep the compiled model here");
    app.add_option("--timeout", words.timeout_seconds, "Seconds that the compilation may take")
        ->capture_default_str()
        ->check(CLI::Range(int64_t{1}, int64_t{1} << 30));
    app.add_option("--memory-mb", words.memory_mb, "Memory that it may take")
        ->capture_default_str()
        ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 30));
    app.add_flag("--json", words.json, "One JSON object; the only form");
    app.add_flag("--inside", words.inside, "Compile in this process");
    return parse_command(app, argc, argv);
}

int compile_inside(const Words& words) {
    try {
        const std::string requirements = compile_for_npu(words.model, words.platform, words.blob);
        write_output(compiled_lines(requirements, fs::file_size(words.blob.filename())));
    } catch (const Error& error) {
        // Bare, as npu_verdict() reads it.
        print_output("\n{}\n", error.what());
        return 1;
    }
    return 0;
}

// Moves what was compiled to where it is wanted, whole or not at all.
void keep(const fs::path& compiled, const fs::path& blob) {
    std::error_code error;
    fs::rename(compiled, blob, error);
    if (error) {  // another disk
        fs::copy_file(compiled, blob, fs::copy_options::overwrite_existing, error);
        if (error) fail(ErrorCode::io, "{}: {}", blob.string(), error.message());
    }
}

int ask(const Words& words) {
    if (!fs::is_regular_file(words.model)) {
        fail(ErrorCode::not_found, "'{}' is not there; name an OpenVINO IR's .xml", words.model.string());
    }
    install_interrupt_handler();
    const ScratchFolder scratch("check");
    const fs::path compiled = scratch.path() / "model.blob";
    const fs::path xml = fs::absolute(words.model);
    ChildLimits limits;
    limits.time = std::chrono::seconds(words.timeout_seconds);
    limits.address_space_bytes = words.memory_mb << 20;
    const ChildResult ended =
        run_child({own_program().string(), "npu-compile", xml.string(), "--platform",
                   std::to_string(words.platform), "--blob", compiled.string(), "--inside"},
                  limits);
    std::error_code missing;
    const auto size = fs::file_size(compiled, missing);
    const Compilation compilation{xml, words.platform, words.timeout_seconds,
                                  "openvino " + openvino_version()};
    const Json verdict = npu_verdict(compilation, ended, missing ? 0 : size);
    const bool accepted = verdict.at("accepted").get<bool>();
    if (accepted && !words.blob.empty()) keep(compiled, fs::absolute(words.blob));
    write_output(verdict.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
    return accepted ? 0 : 1;
}

}  // namespace

int compile_for_npu_command(int argc, char** argv) {
    Words words;
    if (!parse(argc, argv, words)) return 0;
    const auto& known = npu_platforms();
    if (std::none_of(known.begin(), known.end(),
                     [&](const auto& each) { return each.number == words.platform; }))
        fail(ErrorCode::usage, "--platform {}: known are 3720, 4000, 5010, 5020 and 6010", words.platform);
    return words.inside ? compile_inside(words) : ask(words);
}

}  // namespace ovenbird
