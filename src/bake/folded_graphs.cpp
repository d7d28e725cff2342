#include "bake/folded_graphs.hpp"

#include "bake/cache_graphs.hpp"
#include "bake/fold/fold.hpp"
#include "bake/freeze/constant_places.hpp"
#include "bake/freeze/freeze.hpp"
#include "bake/freeze/ir_file.hpp"
#include "bake/graph/decoder.hpp"
#include "base/error.hpp"
#include "base/platform/files.hpp"
#include "base/platform/process.hpp"
#include "device/embedder.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolder = "folded";

// A layer's weights take longer to read than the keys and values of so many tokens: below, a smaller cache
// saves less than another graph costs to compile.
constexpr int64_t kSmallestFolded = 1024;

// The names of a graph's weights. Every step gives the same bytes the same name, in whatever order its graph
// meets them, so that one table of a layer serves all steps.
class WeightNames {
public:
    explicit WeightNames(ConstantPlaces& places) : places_(places) {}

    ByteRange range_of(const WeightUse& use) {
        const auto* data = static_cast<const std::byte*>(use.constant->get_data_ptr());
        const uint64_t bytes = use.constant->get_byte_size();
        return {places_.place(data, bytes), bytes};
    }

    // Renames the inputs of `graph`, whose weights `uses` are those of the first layer of kind `kind`.
    std::map<std::string, std::string> rename(ov::Model& graph, const std::vector<WeightUse>& uses,
                                              size_t kind) {
        std::map<std::string, std::string> names;
        auto& known = known_[kind];
        for (const auto& use : uses) {
            const auto range = range_of(use);
            const auto key = std::pair{range.offset, range.bytes};
            names[use.name] = known.emplace(key, fmt::format("weights.{}", known.size())).first->second;
        }
        for (const auto& parameter : graph.get_parameters()) {
            const auto found = names.find(parameter->get_friendly_name());
            if (found == names.end()) continue;
            parameter->set_friendly_name(found->second);
            parameter->get_output_tensor(0).set_names({found->second});
        }
        return names;
    }

private:
    ConstantPlaces& places_;
    std::map<size_t, std::map<std::pair<uint64_t, uint64_t>, std::string>> known_;
};

class FoldedWriter {
public:
    FoldedWriter(const ModelConfig& config, const CompressedWeights& weights, const BakeOptions& options,
                 const fs::path& folder, FoldedForm& form)
        : config_(config),
          weights_(weights),
          options_(options),
          folder_(folder),
          form_(form),
          places_(folder / kModelBinName, weights.file_bytes),
          names_(places_) {}

    void write(FoldedStep step) {
        const auto model = build(step);
        const auto lookup = split_off_embedding(model);
        if (!fs::exists(folder_ / kEmbeddingsXmlName)) lookup_ = lookup;
        const auto folded = fold_layers(model, step.all_rows ? step.tokens : 1);
        step.before = fmt::format("{}/{}_before.xml", kFolder, step.name);
        write_graph(folded.before, step.before);
        write_layers(folded, step);
        step.head = step.all_rows ? fmt::format("{}/head_{}.xml", kFolder, step.tokens)
                                  : fmt::format("{}/head.xml", kFolder);
        write_head(folded, step.head);
        form_.steps.push_back(std::move(step));
    }

    // Writes what goes into the common weights file.
    void finish() {
        places_.append();
        if (lookup_ == nullptr) return;
        write_ir(lookup_, folder_ / kEmbeddingsXmlName, folder_ / kModelBinName, weights_.file_bytes);
    }

private:
    static constexpr size_t kHeadKind = SIZE_MAX;

    std::shared_ptr<ov::Model> build(const FoldedStep& step) {
        auto model = build_decoder(config_, weights_.tensors,
                                   {.activations_scale_factor = options_.activations_scale_factor,
                                    .cache = CacheKind::inputs,
                                    .past = step.past,
                                    .tokens = step.tokens});
        freeze_cached(model, 0, false);
        return model;
    }

    void write_graph(const std::shared_ptr<ov::Model>& graph, const std::string& file) {
        const fs::path xml = folder_ / file;
        const fs::path bin = fs::path(xml).replace_extension(".bin");
        write_file(bin, "");
        write_ir(graph, xml, bin, {});
        const auto violations = find_dynamic_parts(read_ir(xml, bin).model);
        if (violations.empty()) return;
        fail(ErrorCode::verification, "{}: the graph is not what an NPU takes: {}; please report this",
             xml.string(), violations.front().text);
    }

    void write_layers(const FoldedModel& folded, FoldedStep& step) {
        std::vector<std::map<std::string, std::string>> names(folded.kinds.size());
        if (form_.layers.empty()) form_.layers.resize(folded.layers.size());
        for (size_t i = 0; i < folded.layers.size(); ++i) {
            const auto& use = folded.layers[i];
            if (names[use.kind].empty())
                names[use.kind] = names_.rename(*folded.kinds[use.kind], use.weights, use.kind);
            merge(use, names[use.kind], form_.layers[i], form_.steps.empty());
        }
        for (size_t kind = 0; kind < folded.kinds.size(); ++kind) {
            step.layers.push_back(fmt::format("{}/{}{}.xml", kFolder, step.name,
                                              kind == 0 ? "" : fmt::format("_kind{}", kind)));
            write_graph(folded.kinds[kind], step.layers.back());
        }
    }

    void merge(const LayerUse& use, const std::map<std::string, std::string>& names, FoldedLayer& layer,
               bool first_step) {
        if (first_step) {
            layer.kind = use.kind;
            layer.shared = use.shared;
            layer.caches = use.caches;
        } else if (layer.kind != use.kind || layer.shared != use.shared || layer.caches != use.caches) {
            fail(ErrorCode::unsupported, "the layers cannot be folded: their kinds differ between graphs");
        }
        for (const auto& weight : use.weights)
            layer.weights[names.at(weight.name)] = names_.range_of(weight);
    }

    void write_head(const FoldedModel& folded, const std::string& file) {
        const auto names = names_.rename(*folded.head, folded.head_weights, kHeadKind);
        for (const auto& weight : folded.head_weights)
            form_.head_weights[names.at(weight.name)] = names_.range_of(weight);
        if (!fs::exists(folder_ / file)) write_graph(folded.head, file);
    }

    const ModelConfig& config_;
    const CompressedWeights& weights_;
    const BakeOptions& options_;
    fs::path folder_;
    FoldedForm& form_;
    ConstantPlaces places_;
    WeightNames names_;
    std::shared_ptr<ov::Model> lookup_;
};

}  // namespace

std::vector<FoldedStep> plan_folded_steps(int64_t context) {
    std::vector<FoldedStep> steps;
    for (int64_t bucket = std::min(kSmallestFolded, context);; bucket = std::min(2 * bucket, context)) {
        const auto add = [&](const char* kind, int64_t tokens, int64_t past, bool all_rows) {
            FoldedStep step;
            step.name = fmt::format("{}_{}", kind, bucket);
            step.tokens = tokens;
            step.past = past;
            step.context = bucket;
            step.all_rows = all_rows;
            steps.push_back(std::move(step));
        };
        add("decode", 1, bucket - 1, false);
        add("verify", kStatefulLogitRows, bucket - 1, true);
        if (bucket < context) continue;
        add("prefill", kChunkTokens, bucket - kChunkTokens, false);
        return steps;
    }
}

void write_folded_graphs(const ModelConfig& config, const CompressedWeights& weights,
                         const BakeOptions& options, const fs::path& folder, Manifest& manifest,
                         Reporter& reporter) {
    const int64_t context = cache_context(options, config);
    if (context == 0) return;
    fs::create_directories(folder / kFolder);
    FoldedWriter writer(config, weights, options, folder, manifest.folded);
    for (const auto& step : plan_folded_steps(context)) {
        check_interrupted();
        writer.write(step);
    }
    writer.finish();
    reporter.note(fmt::format("folded: {} layers, one graph for each {} of a layer",
                              manifest.folded.layers.size(),
                              manifest.folded.steps.front().layers.size() == 1 ? "run" : "kind and run"));
}

}  // namespace ovenbird
