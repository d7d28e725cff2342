#include "bake/npu_blobs.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/platform/child.hpp"
#include "check/check.hpp"
#include "check/compiler.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

CompiledBlob compile_one(const NpuCompiler& compiler, const fs::path& folder, int platform) {
    CompiledBlob blob;
    blob.platform = platform;
    blob.file = fmt::format("npu/{}.blob", platform);
    const fs::path path = folder / blob.file;
    try {
        const Json verdict = ask_npu_compiler(compiler, folder / kModelXmlName, platform, path);
        blob.seconds = verdict.value("seconds", 0.0);
        blob.compiler = verdict.value("compiler", "");
        blob.requirements = verdict.value("requirements", "");
        if (!verdict.value("accepted", false)) blob.refused = verdict.value("reason", "no reason given");
    } catch (const Error& error) {
        if (error.code() != ErrorCode::device) throw;
        blob.refused = error.what();
    }
    std::error_code none;
    const uint64_t bytes = fs::file_size(path, none);
    if (blob.refused.empty() && (none || bytes == 0)) blob.refused = "the compiler left no blob";
    if (blob.refused.empty()) {
        blob.bytes = bytes;
        blob.hash = hash_file(path);
    } else {
        fs::remove(path, none);
    }
    return blob;
}

}  // namespace

void check_npu_platforms(const BakeOptions& options) {
    for (const int platform : options.npu_platforms) {
        const auto& known = npu_platforms();
        if (std::none_of(known.begin(), known.end(),
                         [&](const auto& each) { return each.number == platform; }))
            fail(ErrorCode::usage, "--npu-platform {}: known are 3720, 4000, 5010, 5020 and 6010", platform);
    }
    if (!options.npu_platforms.empty())
        (void)run_child({npu_compile_command(options.npu_compiler), "--help"});
}

void compile_blobs(const BakeOptions& options, const fs::path& folder, Manifest& manifest,
                   Reporter& reporter) {
    if (options.npu_platforms.empty()) return;
    fs::create_directories(folder / "npu");
    const NpuCompiler compiler{npu_compile_command(options.npu_compiler)};
    for (const int platform : options.npu_platforms) {
        reporter.note(fmt::format("compiling for NPU {}", platform));
        manifest.blobs.push_back(compile_one(compiler, folder, platform));
        const auto& blob = manifest.blobs.back();
        if (blob.refused.empty()) {
            reporter.note(
                fmt::format("NPU {}: {} MB in {:.1f} s", platform, blob.bytes / 1000000, blob.seconds));
        } else {
            reporter.warn(fmt::format("NPU {}: no blob, the IR is fine: {}", platform, blob.refused));
        }
    }
}

}  // namespace ovenbird
