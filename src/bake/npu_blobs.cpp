#include "bake/npu_blobs.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/parallel.hpp"
#include "base/platform/child.hpp"
#include "base/platform/process.hpp"
#include "check/check.hpp"
#include "check/compiler.hpp"
#include "model/npu_estimate.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

CompiledBlob compile_one(const NpuCompiler& compiler, const fs::path& folder, int platform,
                         const std::string& graph) {
    CompiledBlob blob;
    blob.platform = platform;
    blob.graph = graph;
    blob.file = blob_name(platform, graph);
    const fs::path path = folder / blob.file;
    try {
        const Json json = ask_npu_compiler(compiler, folder / graph, platform, path);
        const JsonObject verdict(json, compiler.command + "'s verdict");
        blob.seconds = verdict.number_or("seconds", 0.0);
        blob.compiler = verdict.text_or("compiler", "");
        blob.requirements = verdict.text_or("requirements", "");
        if (!verdict.boolean_or("accepted", false))
            blob.refused = verdict.text_or("reason", "no reason given");
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

// What an NPU is given: the folded graphs where there are some, else the whole model without a cache.
std::vector<std::string> graphs_for_npu(Form form, const Manifest& manifest) {
    if (form == Form::window) return {kModelXmlName};
    if (form == Form::vectors) return npu_graphs(manifest);
    std::set<std::string> files;
    for (const auto& step : manifest.folded.steps) {
        files.insert(step.layers.begin(), step.layers.end());
        files.insert(step.head);
    }
    return {files.begin(), files.end()};
}

// A folded graph takes one core and a fraction of a whole model's memory, which may be all there is.
unsigned compilers_at_once(const FormsPlan& plan, const Manifest& manifest) {
    const auto estimates = estimate_npu(manifest, plan.platforms.front());
    if (plan.compiled != Form::folded || !estimates) return 1;
    const double free_mb = static_cast<double>(available_memory_bytes()) / 1e6;
    return static_cast<unsigned>(std::clamp(free_mb / estimates->folded.memory_mb, 1.0, 64.0));
}

void tell(const CompiledBlob& blob, const fs::path& folder, Reporter& reporter) {
    const std::string what = fmt::format("NPU {}, {}", blob.platform, (folder / blob.graph).stem().string());
    if (blob.refused.empty()) {
        reporter.note(fmt::format("{}: {:.1f} MB in {:.1f} s", what, static_cast<double>(blob.bytes) / 1e6,
                                  blob.seconds));
    } else {
        reporter.warn(fmt::format("{}: no blob, the IR is fine: {}", what, blob.refused));
    }
}

}  // namespace

void check_npu_platforms(const BakeOptions& options) {
    for (const int platform : options.npu_platforms) {
        const auto& known = npu_platforms();
        if (std::none_of(known.begin(), known.end(),
                         [&](const auto& each) { return each.number == platform; }))
            fail(ErrorCode::usage, "--npu-platform {}: known are 3720, 4000, 5010, 5020 and 6010", platform);
    }
    if (options.npu_platforms.empty()) return;
    auto command = compiler_words(npu_compile_command(options.npu_compiler));
    command.emplace_back("--help");
    (void)run_child(command);
}

void compile_blobs(const FormsPlan& plan, const BakeOptions& options, const fs::path& folder,
                   Manifest& manifest, Reporter& reporter) {
    if (plan.platforms.empty()) return;
    fs::create_directories(folder / "npu");
    const NpuCompiler compiler{npu_compile_command(options.npu_compiler)};
    std::vector<std::pair<int, std::string>> wanted;
    for (const int platform : plan.platforms) {
        for (const auto& graph : graphs_for_npu(plan.compiled, manifest))
            wanted.emplace_back(platform, graph);
    }
    std::vector<CompiledBlob> blobs(wanted.size());
    const auto compile = [&](size_t i) {
        blobs[i] = compile_one(compiler, folder, wanted[i].first, wanted[i].second);
    };
    size_t told = wanted.size() + 1;
    const auto tick = [&](size_t done) {
        check_interrupted();
        if (done == std::exchange(told, done)) return;
        reporter.note(fmt::format("compiling for the NPU: {} of {} graphs done", done, wanted.size()));
    };
    parallel_for(wanted.size(), compile, tick, compilers_at_once(plan, manifest));
    for (const auto& blob : blobs)
        tell(blob, folder, reporter);
    manifest.blobs = std::move(blobs);
}

}  // namespace ovenbird
