#include "run/open_engine.hpp"

#include "base/error.hpp"
#include "base/platform/process.hpp"
#include "device/embedder.hpp"
#include "device/paged_attention.hpp"
#include "model/npu_estimate.hpp"
#include "run/dynamic_engine.hpp"
#include "run/folded_engine.hpp"
#include "run/paged_engine.hpp"
#include "run/static_cache_engine.hpp"
#include "run/static_engine.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

GraphBlobs blobs_of(const fs::path& folder, const Manifest& manifest) {
    GraphBlobs blobs;
    for (const auto& blob : manifest.blobs)
        blobs[blob.graph].push_back(
            {blob.platform, folder / blob.file, blob.bytes, blob.hash, blob.requirements});
    return blobs;
}

}  // namespace

std::unique_ptr<Engine> open_form(const std::string& device, Form form, const fs::path& folder,
                                  const Manifest& manifest, const DeviceOptions& options, int64_t pad_id) {
    const fs::path bin = folder / kModelBinName;
    const auto compile = [=](const std::string& file) {
        return compile_on(device, read_graph(folder / file, bin), options);
    };
    if (form == Form::folded) {
        auto engine = std::make_unique<FoldedEngine>(
            manifest, folder_runner(folder, bin, device, options, blobs_of(folder, manifest)),
            MappedFile::open(bin), pad_id);
        if (host_memory_of(device)) release_file_pages(bin);  // the device's memory has its own copy
        return engine;
    }
    const bool is_static = form == Form::whole;
    if (!is_static && device_family(device) == "CPU") {
        const auto graphs = page_attention(read_graph(folder / manifest.dynamic_graph, bin),
                                           PagedEngine::pages(manifest.context));
        auto chunk = compile_on(device, graphs.chunk, options);
        auto token = compile_on(device, graphs.token, options);
        release_file_pages(bin);  // both have their own packed copies
        return std::make_unique<PagedEngine>(std::move(chunk), std::move(token), manifest.context);
    }
    if (!is_static) return std::make_unique<DynamicEngine>(compile(manifest.dynamic_graph), manifest.context);
    std::unique_ptr<Embedder> embedder;
    if (manifest.inputs.contains("inputs_embeds"))
        embedder = std::make_unique<Embedder>(folder / kEmbeddingsXmlName, bin);
    return std::make_unique<StaticCacheEngine>(
        manifest, [=](const Step& step) { return compile(graph_file(step)); }, pad_id, std::move(embedder));
}

namespace {

Form form_on(const std::string& device, const Manifest& manifest, StaticForm wanted,
             const DeviceOptions& options) {
    const bool npu = device_family(device) == "NPU";
    if (wanted == StaticForm::none && !npu) return Form::dynamic;
    if (wanted == StaticForm::whole || manifest.folded.steps.empty()) return Form::whole;
    if (wanted == StaticForm::folded || manifest.graphs.empty()) return Form::folded;
    if (!npu) return Form::whole;  // there a layer's weights are repacked for every call
    const NpuChoice choice = choose_npu_form(manifest, npu_platform(device));
    if (options.on_note) options.on_note(fmt::format("{}: {}", device, choice.reason));
    return choice.folded ? Form::folded : Form::whole;
}

}  // namespace

OpenedEngine open_stateless(const fs::path& model_xml, const DeviceOptions& options, int64_t pad_id) {
    CompileOutcome outcome = compile_first(model_xml, options);
    auto embedder = embedder_beside(model_xml, outcome.session->model());
    auto engine = std::make_unique<StaticEngine>(std::move(outcome.session), pad_id, std::move(embedder));
    return {std::move(engine), outcome.passed_over, outcome.compile_seconds, outcome.blob_note};
}

OpenedEngine open_cached(const fs::path& folder, const DeviceOptions& options, int64_t pad_id,
                         StaticForm form) {
    const Manifest manifest = read_manifest(folder);
    if (manifest.context == 0) {
        fail(ErrorCode::unsupported,
             "{}: the folder has no graphs with a cache; bake it from a checkpoint with --context 1024",
             folder.string());
    }
    if (form == StaticForm::folded && manifest.folded.steps.empty()) {
        fail(ErrorCode::unsupported, "{}: the folder has no folded graphs; bake it again with --form both",
             folder.string());
    }
    OpenedEngine opened;
    auto device = open_on_first(options.devices, [&](const std::string& name) {
        opened.engine =
            open_form(name, form_on(name, manifest, form, options), folder, manifest, options, pad_id);
    });
    opened.passed_over = std::move(device.passed_over);
    opened.compile_seconds = device.seconds;
    return opened;
}

}  // namespace ovenbird
