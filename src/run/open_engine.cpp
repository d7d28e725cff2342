#include "run/open_engine.hpp"

#include <chrono>

#include "base/error.hpp"
#include "device/embedder.hpp"
#include "model/manifest.hpp"
#include "run/dynamic_engine.hpp"
#include "run/static_cache_engine.hpp"
#include "run/static_engine.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

DeviceOptions only(const DeviceOptions& options, const std::string& device) {
    DeviceOptions one = options;
    one.devices = {device};
    one.blobs.clear();  // those are of the graph without a cache
    return one;
}

std::unique_ptr<Engine> open_on(const fs::path& folder, const Manifest& manifest,
                                const DeviceOptions& options, int64_t pad_id, bool is_static) {
    const fs::path bin = folder / kModelBinName;
    const auto compile = [=](const std::string& file) {
        return compile_first(read_graph(folder / file, bin), options).session;
    };
    if (!is_static) return std::make_unique<DynamicEngine>(compile(manifest.dynamic_graph), manifest.context);
    std::unique_ptr<Embedder> embedder;
    if (manifest.inputs.contains("inputs_embeds"))
        embedder = std::make_unique<Embedder>(folder / kEmbeddingsXmlName, bin);
    return std::make_unique<StaticCacheEngine>(
        manifest, [=](const CacheGraph& graph) { return compile(graph.file); }, pad_id, std::move(embedder));
}

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

OpenedEngine open_stateless(const fs::path& model_xml, const DeviceOptions& options, int64_t pad_id) {
    CompileOutcome outcome = compile_first(model_xml, options);
    auto embedder = embedder_beside(model_xml, outcome.session->model());
    auto engine = std::make_unique<StaticEngine>(std::move(outcome.session), pad_id, std::move(embedder));
    return {std::move(engine), outcome.passed_over, outcome.compile_seconds, outcome.blob_note};
}

OpenedEngine open_cached(const fs::path& folder, const DeviceOptions& options, int64_t pad_id,
                         bool only_static) {
    const Manifest manifest = read_manifest(folder);
    if (manifest.context == 0) {
        fail(ErrorCode::unsupported,
             "{}: the folder has no graphs with a cache; bake it from a checkpoint with --context 1024",
             folder.string());
    }
    OpenedEngine opened;
    const auto start = std::chrono::steady_clock::now();
    std::string list;
    for (const auto& device : options.devices) {
        const bool is_static = only_static || device.substr(0, device.find('.')) == "NPU";
        try {
            opened.engine = open_on(folder, manifest, only(options, device), pad_id, is_static);
            opened.compile_seconds = seconds_since(start);
            return opened;
        } catch (const Error& error) {
            if (error.code() != ErrorCode::device) throw;
            const std::string reason = error.what();
            const std::string head = "\n  " + device + ": ";  // compile_first lists its one device
            const size_t at = reason.find(head);
            opened.passed_over.push_back(
                {device, at == std::string::npos ? reason : reason.substr(at + head.size())});
            list += head + opened.passed_over.back().reason;
        }
    }
    fail(ErrorCode::device, "no device took the model:{}", list);
}

}  // namespace ovenbird
