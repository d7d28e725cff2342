#include "run/open.hpp"

#include "base/error.hpp"
#include "base/platform/process.hpp"
#include "device/embedder.hpp"
#include "device/interface.hpp"
#include "device/reason.hpp"
#include "model/first_step.hpp"
#include "model/npu_estimate.hpp"
#include "run/dynamic_engine.hpp"
#include "run/embedding_engine.hpp"
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

// For a graph that may have been compiled ahead of time.
DeviceOptions with_blobs(const DeviceOptions& options, const GraphBlobs& blobs, const std::string& graph) {
    DeviceOptions with = options;
    if (const auto found = blobs.find(graph); found != blobs.end()) with.blobs = found->second;
    return with;
}

void note(const DeviceOptions& options, const std::string& text) {
    if (options.on_note) options.on_note(text);
}

// A fault of the folder, which another way of running it would meet as well.
bool is_of_the_folder(const Error& error) {
    return error.code() == ErrorCode::not_found || error.code() == ErrorCode::invalid_input;
}

// The one thing that OpenVINO's CPU device alone has: pages instead of states.
std::unique_ptr<Engine> open_paged(const std::string& device, const fs::path& graph, const fs::path& bin,
                                   int64_t context, const DeviceOptions& options) {
    auto runs = compile_paged(device, graph, bin, PagedEngine::pages(context), options);
    auto engine = std::make_unique<PagedEngine>(std::move(runs.chunk), std::move(runs.token), context);
    release_file_pages(bin);  // both graphs have their own packed copies
    return engine;
}

std::unique_ptr<Engine> open_dynamic(const std::string& device, const fs::path& folder,
                                     const Manifest& manifest, const DeviceOptions& options) {
    const fs::path bin = folder / kModelBinName;
    const fs::path graph = folder / manifest.dynamic_graph;
    if (device_family(device) == "CPU") {
        try {
            return open_paged(device, graph, bin, manifest.context, options);
        } catch (const std::exception& error) {
            const auto* ours = dynamic_cast<const Error*>(&error);
            if (ours != nullptr && is_of_the_folder(*ours)) throw;
            note(options,
                 fmt::format("{}: attention over pages was refused ({}); the graph with states is used, "
                             "which is slower",
                             device, one_line_reason(error.what())));
        }
    }
    return std::make_unique<DynamicEngine>(compile_with_states(device, graph, bin, options),
                                           manifest.context);
}

std::unique_ptr<Engine> open_folded(const std::string& device, const fs::path& folder,
                                    const Manifest& manifest, const DeviceOptions& options, int64_t pad_id) {
    const fs::path bin = folder / kModelBinName;
    auto engine = std::make_unique<FoldedEngine>(
        manifest, folder_runner(folder, bin, device, options, blobs_of(folder, manifest)),
        MappedFile::open(bin), pad_id);
    if (host_memory_of(device)) release_file_pages(bin);  // the device's memory has its own copy
    return engine;
}

std::unique_ptr<Engine> open_whole(const std::string& device, const fs::path& folder,
                                   const Manifest& manifest, const DeviceOptions& options, int64_t pad_id) {
    const fs::path bin = folder / kModelBinName;
    const auto blobs = blobs_of(folder, manifest);
    std::unique_ptr<Embedder> embedder;
    if (manifest.inputs.contains("inputs_embeds"))
        embedder = std::make_unique<Embedder>(folder / kEmbeddingsXmlName, bin);
    const auto compile = [=](const Step& step) {
        const std::string file = graph_file(step);
        return GraphFile(folder / file, bin).compile(device, with_blobs(options, blobs, file));
    };
    return std::make_unique<StaticCacheEngine>(manifest, compile, pad_id, std::move(embedder));
}

Form form_on(const std::string& device, const Manifest& manifest, const OpenOptions& options) {
    const bool npu = device_family(device) == "NPU";
    if (options.form == FormChoice::best && !npu) return Form::dynamic;
    if (options.form == FormChoice::whole || manifest.folded.steps.empty()) return Form::whole;
    if (options.form == FormChoice::folded || manifest.graphs.empty()) return Form::folded;
    if (!npu) return Form::whole;  // there a layer's weights are repacked for every call
    const NpuChoice choice = choose_npu_form(manifest, npu_platform(device));
    note(options.device, fmt::format("{}: {}", device, choice.reason));
    return choice.folded ? Form::folded : Form::whole;
}

// Rounding loses less than a tenth of this; wrong weights, masks or kernels several times as much.
constexpr double kMostDivergence = 0.5;

std::optional<FirstStep> recorded_step(const std::optional<Manifest>& manifest) {
    if (!manifest || !manifest->verification.is_object() || !manifest->verification.contains("first_step"))
        return std::nullopt;
    return first_step_from_json(manifest->verification.at("first_step"));
}

// How much is lost, in nats, where the engine says something else than the decoder did.
std::optional<double> first_step_fault(Engine& engine, const FirstStep& step) {
    if (static_cast<int64_t>(step.ids.size()) > engine.window_tokens()) return std::nullopt;
    for (const int64_t id : step.ids) {
        if (id < 0 || id >= engine.vocab_size())
            fail(ErrorCode::invalid_input,
                 "the first step that was recorded has token {}; bake the model again", id);
    }
    const double loss = divergence(step, engine.next_logits(step.ids));
    return loss > kMostDivergence ? std::optional(loss) : std::nullopt;
}

bool has_blobs(const std::string& device, const Manifest& manifest) {
    return device_family(device) == "NPU" && !manifest.blobs.empty();
}

}  // namespace

int64_t cached_context(const fs::path& folder, const std::optional<Manifest>& manifest, FormChoice form) {
    refuse_embedder(manifest, folder);
    const auto lacks = [&](const char* what, const char* remedy) {
        fail(ErrorCode::unsupported, "{}: the folder has no {}; bake it {}", folder.string(), what, remedy);
    };
    const bool wants_static = form != FormChoice::best && form != FormChoice::window;
    if (!manifest || manifest->context == 0) {
        if (wants_static) lacks("graphs with a cache", "from a checkpoint with --context 1024");
        return 0;
    }
    if (form == FormChoice::folded && manifest->folded.steps.empty())
        lacks("folded graphs", "again with --form both");
    if (form == FormChoice::whole && manifest->graphs.empty())
        lacks("whole graphs", "again with --form both");
    return form == FormChoice::window ? 0 : manifest->context;
}

std::unique_ptr<Engine> open_form(const std::string& device, Form form, const fs::path& folder,
                                  const Manifest& manifest, const DeviceOptions& options, int64_t pad_id) {
    switch (form) {
        case Form::dynamic:
            return open_dynamic(device, folder, manifest, options);
        case Form::whole:
            return open_whole(device, folder, manifest, options, pad_id);
        case Form::folded:
            return open_folded(device, folder, manifest, options, pad_id);
        case Form::window:
        case Form::vectors:
            break;
    }
    return open_window(device, folder / kModelXmlName,
                       with_blobs(options, blobs_of(folder, manifest), kModelXmlName), pad_id);
}

std::unique_ptr<Engine> open_window(const std::string& device, const fs::path& model_xml,
                                    const DeviceOptions& options, int64_t pad_id) {
    auto session = compile_file_on(device, model_xml, options);
    auto embedder = embedder_beside(model_xml, *session);
    return std::make_unique<StaticEngine>(std::move(session), pad_id, std::move(embedder));
}

OpenedEngine open_engine(const fs::path& folder, const std::optional<Manifest>& manifest,
                         const OpenOptions& options, int64_t pad_id) {
    const bool cached = cached_context(folder, manifest, options.form) > 0;
    const fs::path xml = options.model_xml.empty() ? folder / kModelXmlName : options.model_xml;
    const auto step = recorded_step(manifest);
    OpenedEngine opened;
    const auto open_as = [&](const std::string& name, const std::optional<Manifest>& known) {
        opened.form = cached ? form_on(name, *known, options) : Form::window;
        opened.engine = known ? open_form(name, opened.form, folder, *known, options.device, pad_id)
                              : open_window(name, xml, options.device, pad_id);
        const bool validates = step && options.validate.value_or(device_family(name) != "CPU");
        return validates ? first_step_fault(*opened.engine, *step) : std::nullopt;
    };
    auto device = open_on_first(options.device.devices, [&](const std::string& name) {
        auto loss = open_as(name, manifest);
        if (loss && has_blobs(name, *manifest)) {
            note(options.device,
                 fmt::format("{}: what was compiled ahead of time computes something else than "
                             "the bake recorded ({:.3g} nats); it is compiled anew",
                             name, *loss));
            auto without = manifest;
            without->blobs.clear();
            loss = open_as(name, without);
        }
        if (loss)
            fail(ErrorCode::device,
                 "its first step says something else than the bake recorded ({:.3g} nats, more than {}), so "
                 "its text would be wrong; another driver may mend it, --no-validate takes it as it is",
                 *loss, kMostDivergence);
    });
    for (const auto& passed : device.passed_over)
        note(options.device, fmt::format("{} passed over: {}", passed.device, passed.reason));
    opened.passed_over = std::move(device.passed_over);
    opened.compile_seconds = device.seconds;
    return opened;
}

}  // namespace ovenbird
