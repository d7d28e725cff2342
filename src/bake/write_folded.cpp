#include "bake/write_folded.hpp"

#include "bake/forms/constant_places.hpp"
#include "bake/forms/fold_layers.hpp"
#include "bake/forms/passes.hpp"
#include "bake/forms/shape.hpp"
#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/platform/files.hpp"
#include "base/platform/process.hpp"
#include "device/embedder.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

// The names of a graph's weights. Steps may meet a layer's weights in another order; every step gives the
// same constant of the decoder the same name, so that one table of a layer serves all steps. Its bytes say
// nothing: two constants of a layer may be equal.
class WeightNames {
public:
    // Renames the inputs of `graph`, whose weights `uses` are those of the first layer of kind `kind`.
    std::map<std::string, std::string> rename(ov::Model& graph, const std::vector<WeightUse>& uses,
                                              size_t kind) {
        std::map<std::string, std::string> names;
        auto& known = known_[kind];
        for (const auto& use : uses) {
            const std::string& constant = use.constant->get_friendly_name();
            names[use.name] = known.emplace(constant, fmt::format("weights.{}", known.size())).first->second;
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
    std::map<size_t, std::map<std::string, std::string>> known_;  // by kind and constant
};

struct ShapedStep {
    std::shared_ptr<ov::Model> lookup;  // tokens to rows, on the host
    FoldedModel folded;
};

ShapedStep shape_folded(const std::shared_ptr<const ov::Model>& decoder, const Step& step) {
    // The host computes what depends on positions alone, in f32: it needs no tables.
    const auto model = shape_step(decoder, step, 0, true);
    auto lookup = split_off_embedding(model);
    return {std::move(lookup), fold_layers(model, step.all_rows ? step.tokens : 1)};
}

class FoldedWriter {
public:
    FoldedWriter(const ReadModel& decoder, const fs::path& folder, FoldedForm& form)
        : decoder_(decoder),
          folder_(folder),
          form_(form),
          places_(folder / kModelBinName, decoder.weights->bytes()) {}

    void write(FoldedStep step, const ShapedStep& shaped) {
        if (!fs::exists(folder_ / kEmbeddingsXmlName)) lookup_ = shaped.lookup;
        const auto& folded = shaped.folded;
        step.before = folded_before_file(step);
        write_graph(folded.before, step.before);
        write_layers(folded, step);
        step.head = folded_head_file(step);
        write_head(folded, step.head);
        form_.steps.push_back(std::move(step));
    }

    // Writes what goes into the common weights file.
    void finish() {
        places_.append();
        if (lookup_ == nullptr) return;
        write_ir(lookup_, folder_ / kEmbeddingsXmlName, folder_ / kModelBinName, decoder_.weights->bytes());
    }

private:
    static constexpr size_t kHeadKind = SIZE_MAX;

    ByteRange range_of(const WeightUse& use) {
        const auto* data = static_cast<const std::byte*>(use.constant->get_data_ptr());
        const uint64_t bytes = use.constant->get_byte_size();
        return {places_.place(data, bytes), bytes};
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
            step.layers.push_back(folded_layer_file(step, kind));
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
            layer.weights[names.at(weight.name)] = range_of(weight);
    }

    void write_head(const FoldedModel& folded, const std::string& file) {
        const auto names = names_.rename(*folded.head, folded.head_weights, kHeadKind);
        for (const auto& weight : folded.head_weights)
            form_.head_weights[names.at(weight.name)] = range_of(weight);
        if (!fs::exists(folder_ / file)) write_graph(folded.head, file);
    }

    const ReadModel& decoder_;
    fs::path folder_;
    FoldedForm& form_;
    ConstantPlaces places_;
    WeightNames names_;
    std::shared_ptr<ov::Model> lookup_;
};

}  // namespace

void write_folded(const PlannedForm& form, const ReadModel& decoder, const fs::path& folder,
                  Manifest& manifest) {
    fs::create_directories(folder / kFoldedFolder);
    std::vector<ShapedStep> shaped(form.steps.size());
    parallel_for(shaped.size(), [&](size_t i) {
        check_interrupted();
        shaped[i] = shape_folded(decoder.model, form.steps[i]);
    });
    FoldedWriter writer(decoder, folder, manifest.folded);
    for (size_t i = 0; i < shaped.size(); ++i)
        writer.write({form.steps[i], {}, {}, {}}, shaped[i]);
    writer.finish();
}

}  // namespace ovenbird
