#include "run/embedding_engine.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "model/decoder_names.hpp"
#include "model/first_vector.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

// Rounding to f16 loses less than a hundredth of this; 8-bit activations a tenth.
constexpr double kLeastCosine = 0.98;

Tensor filled(int64_t width, const auto& value) {
    Tensor tensor(ElementType::i64, {1, static_cast<size_t>(width)});
    for (int64_t i = 0; i < width; ++i)
        tensor.data<int64_t>()[i] = value(i);
    return tensor;
}

// What a manifest promises is looked at: the folder may be anyone's.
void check_ports(const CompiledGraph& graph, const std::string& file, int64_t bucket, int64_t dimension) {
    const PartialShape row{1, bucket};
    bool fits = graph.inputs().size() == 3 && graph.outputs().size() == 1;
    for (const auto& input : graph.inputs())
        fits = fits && input.shape == row && input.type == ElementType::i64;
    for (const auto& output : graph.outputs())
        fits = fits && output.shape == PartialShape{1, dimension} && output.type == ElementType::f32 &&
               output.name == kEmbeddingOutput;
    if (fits) return;
    fail(ErrorCode::invalid_input,
         "{}: the graph is not what ovenbird.json says, three inputs [1, {}] of i64 and an output embedding "
         "[1, {}] of f32; bake the model again",
         file, bucket, dimension);
}

bool is_recorded(const Manifest& manifest) {
    return manifest.verification.is_object() && manifest.verification.contains("first_vector");
}

}  // namespace

EmbeddingEngine::EmbeddingEngine(const fs::path& folder, Manifest manifest, DeviceOptions options,
                                 std::optional<bool> validate)
    : folder_(folder), manifest_(std::move(manifest)), options_(std::move(options)), validate_(validate) {
    if (!manifest_.embedding)
        fail(ErrorCode::unsupported, "{}: the folder is of a model that writes text, not of an embedder",
             folder.string());
    facts_ = *manifest_.embedding;
    (void)graph_for(facts().buckets.front());
}

std::unique_ptr<CompiledGraph> EmbeddingEngine::compiled(const std::string& device, const std::string& file,
                                                         int64_t bucket) {
    DeviceOptions with = options_;
    for (const auto& blob : manifest_.blobs)
        if (blob.graph == file)
            with.blobs.push_back(
                {blob.platform, folder_ / blob.file, blob.bytes, blob.hash, blob.requirements});
    auto graph = GraphFile(folder_ / file, folder_ / kModelBinName).compile(device, with);
    check_ports(*graph, file, bucket, facts().dimension);
    return graph;
}

std::unique_ptr<CompiledGraph> EmbeddingEngine::validated(const std::string& device, const std::string& file,
                                                          int64_t bucket) {
    auto graph = compiled(device, file, bucket);
    const bool compares = validate_.value_or(device_family(device) != "CPU") && is_recorded(manifest_);
    if (!compares) return graph;
    const auto first = first_vector_from_json(manifest_.verification.at("first_vector"));
    if (static_cast<int64_t>(first.ids.size()) > bucket) return graph;
    const double close = cosine(first.values, run(*graph, bucket, first.ids));
    if (close >= kLeastCosine) return graph;
    fail(ErrorCode::device,
         "its first vector is not the one that the bake recorded (cosine {:.4f}, expected {} or more), so "
         "others would be wrong; another driver may mend it, --no-validate takes it as it is",
         close, kLeastCosine);
}

CompiledGraph& EmbeddingEngine::graph_for(int64_t bucket) {
    auto& graph = graphs_[bucket];
    if (graph != nullptr) return *graph;
    const std::string file = embedding_graph(facts(), bucket);
    const auto opened = open_on_first(
        options_.devices, [&](const std::string& device) { graph = validated(device, file, bucket); });
    compile_seconds_ += opened.seconds;
    for (const auto& passed : opened.passed_over) {
        std::erase(options_.devices, passed.device);  // it would refuse the others as well
        if (options_.on_note)
            options_.on_note(fmt::format("{} passed over: {}", passed.device, passed.reason));
        passed_over_.push_back(passed);
    }
    device_ = graph->device();
    return *graph;
}

std::vector<float> EmbeddingEngine::run(CompiledGraph& graph, int64_t bucket,
                                        std::span<const int64_t> ids) const {
    const auto count = static_cast<int64_t>(ids.size());
    graph.set_input(kInputIds,
                    filled(bucket, [&](int64_t i) { return i < count ? ids[static_cast<size_t>(i)] : 0; }));
    graph.set_input(kAttentionMask, filled(bucket, [&](int64_t i) { return i < count ? 1 : 0; }));
    graph.set_input(kPositionIds, filled(bucket, [](int64_t i) { return i; }));
    graph.infer();
    const Tensor tensor = graph.output(kEmbeddingOutput);
    const auto* data = tensor.data<const float>();
    return {data, data + tensor.size()};
}

int64_t EmbeddingEngine::bucket_of(int64_t tokens) const {
    const auto& buckets = facts().buckets;
    return *std::lower_bound(buckets.begin(), buckets.end(), tokens);
}

int64_t EmbeddingEngine::vocabulary() const {
    return manifest_.verification.value("vocabulary", int64_t{1} << 31);
}

bool EmbeddingEngine::is_open(int64_t bucket) const {
    const auto found = graphs_.find(bucket);
    return found != graphs_.end() && found->second != nullptr;
}

std::vector<float> EmbeddingEngine::embed(std::span<const int64_t> ids) {
    const auto count = static_cast<int64_t>(ids.size());
    if (count < 1 || count > most_tokens())
        fail(ErrorCode::usage, "a text of {} tokens, and the model takes 1 to {}", count, most_tokens());
    for (const int64_t id : ids)
        if (id < 0 || id >= vocabulary())
            fail(ErrorCode::invalid_input, "token {} is outside the model's vocabulary of {}", id,
                 vocabulary());
    const int64_t bucket = bucket_of(count);
    CompiledGraph& graph = graph_for(bucket);
    device_ = graph.device();
    return run(graph, bucket, ids);
}

Manifest read_embedder_manifest(const fs::path& folder) {
    Manifest manifest = read_manifest(folder);
    if (manifest.embedding) return manifest;
    fail(ErrorCode::unsupported,
         "{}: the folder holds {}, a model that writes text and makes no vectors; ask it with ovenbird run, "
         "or bake an embedding model",
         folder.string(), manifest.model_type);
}

void refuse_embedder(const std::optional<Manifest>& manifest, const fs::path& folder) {
    if (!manifest || !manifest->embedding) return;
    fail(ErrorCode::unsupported,
         "{}: the folder holds an embedding model, which makes a vector of a text and writes none; ask it "
         "with "
         "ovenbird embed {}",
         folder.string(), folder.string());
}

}  // namespace ovenbird
