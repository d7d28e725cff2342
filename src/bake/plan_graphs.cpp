#include "bake/plan_graphs.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <map>

#include "bake/forms/fold_layers.hpp"
#include "bake/forms/ir_file.hpp"
#include "bake/forms/passes.hpp"
#include "bake/forms/shape.hpp"
#include "bake/graph/decoder.hpp"
#include "base/error.hpp"
#include "base/parallel.hpp"
#include "device/embedder.hpp"
#include "model/manifest.hpp"

namespace ovenbird {
namespace {

// Families repeat a pattern of layers after at most so many (one that sees all positions among six).
constexpr size_t kPattern = 6;
// Rows of the tables that are as long as the vocabulary: they cost digits only.
constexpr int64_t kFewTokens = 512;

// Bytes of the files of each graph, by its name without numbers: "decode", "layer 0 of verify", …
using Sizes = std::map<std::string, uint64_t>;

std::string kind_of(const Step& step) {
    return step.name.substr(0, step.name.rfind('_'));
}

// The plan of a model that has the first layers only.
BakePlan shortened(const BakePlan& plan, size_t layers) {
    BakePlan few;
    few.config = plan.config;
    few.config.layers.resize(layers);
    few.config.vocab_size = std::min(plan.config.vocab_size, kFewTokens);
    std::map<std::string, const PlannedTensor*> by_name;
    for (const auto& tensor : plan.tensors)
        by_name[tensor.source->name] = &tensor;
    for (const auto& required : required_tensors(few.config)) {
        few.tensors.push_back(*by_name.at(required.name));
        few.tensors.back().rows = required.rows;
    }
    place_tensors(few);
    return few;
}

std::shared_ptr<ov::Model> decoder_of_zeros(const BakePlan& plan, int64_t scale_factor) {
    // Untouched pages of zeros: no memory is taken for weights that nobody reads.
    const std::shared_ptr<void> zeros(std::calloc(plan.tensor_bytes, 1), std::free);
    if (zeros == nullptr) throw std::bad_alloc();
    const auto at = [&](const ByteRange& range) {
        return range.bytes == 0 ? nullptr : static_cast<const std::byte*>(zeros.get()) + range.offset;
    };
    StoredTensors tensors;
    for (const auto& tensor : plan.tensors) {
        const auto& name = tensor.source->name;
        tensors[name] = {name,           tensor.store,       tensor.format,     tensor.rows,
                         tensor.columns, at(tensor.weights), at(tensor.scales), at(tensor.zero_points),
                         zeros};
    }
    auto decoder = build_decoder(plan.config, tensors, scale_factor);
    unique_names(decoder);
    return decoder;
}

uint64_t text_bytes(const std::shared_ptr<ov::Model>& model) {
    return size_of_ir(model).xml_bytes;
}

uint64_t all_bytes(const std::shared_ptr<ov::Model>& model) {
    const auto size = size_of_ir(model);
    return size.xml_bytes + size.bin_bytes;
}

void measure_folded(const std::shared_ptr<const ov::Model>& decoder, const Step& step, Sizes& sizes) {
    const auto model = shape_step(decoder, step, 0, true);
    sizes["embeddings"] = text_bytes(split_off_embedding(model));
    const auto folded = fold_layers(model, step.all_rows ? step.tokens : 1);
    const std::string kind = kind_of(step);
    sizes["before " + kind] = all_bytes(folded.before);
    for (size_t i = 0; i < folded.kinds.size(); ++i)
        sizes[fmt::format("layer {} {}", i, kind)] = all_bytes(folded.kinds[i]);
    sizes[step.all_rows ? "head of rows" : "head"] = all_bytes(folded.head);
}

// One graph of each kind: those of other contexts differ in digits only.
Sizes measure(const BakePlan& plan, const FormsPlan& forms, int64_t scale_factor) {
    const auto decoder = decoder_of_zeros(plan, scale_factor);
    Sizes sizes{{"decoder", text_bytes(decoder)}};
    for (const auto& form : forms.forms) {
        if (form.form == Form::window) {
            const auto window = shape_window(decoder, forms.seq_len, forms.all_logits);
            if (forms.host_embedding) sizes["embeddings"] = text_bytes(split_off_embedding(window));
            sizes["window"] = text_bytes(window);
        } else if (form.form == Form::dynamic) {
            sizes["dynamic"] = text_bytes(shape_dynamic(decoder));
        }
        for (const auto& step : form.steps) {
            if (form.form == Form::folded && !sizes.contains("before " + kind_of(step)))
                measure_folded(decoder, step, sizes);
            if (form.form != Form::whole || sizes.contains("whole " + kind_of(step))) continue;
            const auto graph = shape_step(decoder, step, step.past + step.tokens, step.all_rows);
            if (forms.host_embedding) (void)split_off_embedding(graph);
            sizes["whole " + kind_of(step)] = text_bytes(graph);
        }
    }
    return sizes;
}

std::string shape_of(const Step& step) {
    return fmt::format("{} behind {}", step.tokens, step.past);
}

using BytesOf = std::function<uint64_t(const std::string& kind)>;

void list_folded(PlannedForm& form, size_t kinds, bool has_embeddings, const BytesOf& bytes) {
    for (const auto& step : form.steps) {
        const std::string kind = kind_of(step);
        form.graphs.push_back({folded_before_file(step), shape_of(step), bytes("before " + kind)});
        for (size_t i = 0; i < kinds; ++i)
            form.graphs.push_back(
                {folded_layer_file(step, i), shape_of(step), bytes(fmt::format("layer {} {}", i, kind))});
    }
    for (const auto& step : form.steps) {
        const std::string file = folded_head_file(step);
        const bool listed = std::any_of(form.graphs.begin(), form.graphs.end(),
                                        [&](const auto& graph) { return graph.file == file; });
        if (!listed)
            form.graphs.push_back({file, fmt::format("{} rows", step.all_rows ? step.tokens : 1),
                                   bytes(step.all_rows ? "head of rows" : "head")});
    }
    if (!has_embeddings) form.graphs.push_back({kEmbeddingsXmlName, "[1, any]", bytes("embeddings")});
}

void list_graphs(FormsPlan& forms, size_t kinds, const BytesOf& bytes) {
    for (auto& form : forms.forms) {
        if (form.form == Form::window) {
            form.graphs.push_back({kModelXmlName, fmt::format("[1, {}]", forms.seq_len), bytes("window")});
            if (forms.host_embedding)
                form.graphs.push_back({kEmbeddingsXmlName, "[1, any]", bytes("embeddings")});
        } else if (form.form == Form::dynamic) {
            form.graphs.push_back({kDynamicGraph, "any", bytes("dynamic")});
        } else if (form.form == Form::whole) {
            for (const auto& step : form.steps)
                form.graphs.push_back({graph_file(step), shape_of(step), bytes("whole " + kind_of(step))});
        } else {
            list_folded(form, kinds, forms.host_embedding, bytes);
        }
    }
}

// Weights are inside the window's blob, but inputs of a folded graph's.
void list_blobs(BakePlan& plan) {
    for (auto& form : plan.forms.forms) {
        if (form.form != plan.forms.compiled) continue;
        const uint64_t layer_bytes = plan.tensor_bytes / std::max<size_t>(plan.config.layers.size(), 1);
        const uint64_t bytes = form.form == Form::window ? plan.tensor_bytes : layer_bytes / 10;
        for (const int platform : plan.forms.platforms) {
            for (const auto& graph : form.graphs) {
                const bool host = graph.file.ends_with("_before.xml") || graph.file == kEmbeddingsXmlName;
                if (!host) form.blobs.push_back({blob_name(platform, graph.file), graph.file, bytes});
            }
        }
    }
}

// In f32, whatever the text's length.
uint64_t state_bytes(const ModelConfig& config) {
    int64_t values = 0;
    for (const LayerConfig& layer : config.layers) {
        const int64_t before = config.convolution_size - 1;
        if (layer.mixer == Mixer::short_convolution) values += before * config.hidden_size;
        if (layer.mixer == Mixer::delta_rule)
            values +=
                before * config.delta_rule.mixed() + config.delta_rule.values() * config.delta_rule.key_size;
    }
    return 4 * static_cast<uint64_t>(values);
}

// Of keys and values in f16 (the dynamic form's are the device's own business, and no larger than f32).
void count_caches(BakePlan& plan) {
    const auto& config = plan.config;
    int64_t values = 0;
    for (int64_t layer = 0; layer < config.layer_count(); ++layer) {
        const LayerConfig& kind = config.layers[static_cast<size_t>(layer)];
        const ModelConfig own = config.of_layer(layer);
        if (kind.mixer == Mixer::attention && kind.keys_of < 0) values += own.kv_heads * own.head_size;
    }
    const auto token_bytes = 2 * 2 * static_cast<uint64_t>(values);
    for (auto& form : plan.forms.forms) {
        if (form.form != Form::window)
            form.cache_bytes = token_bytes * static_cast<uint64_t>(plan.forms.context) + state_bytes(config);
    }
}

}  // namespace

void measure_graphs(BakePlan& plan, const BakeOptions& options) {
    const size_t layers = plan.config.layers.size();
    const size_t many = std::min(layers, 2 * kPattern);
    std::array<Sizes, 2> sizes;
    parallel_for(many < layers ? 2 : 1, [&](size_t i) {
        sizes[i] = measure(shortened(plan, i == 0 ? many : kPattern), plan.forms,
                           std::max<int64_t>(options.activations_scale_factor, 1));
    });
    const Sizes& large = sizes[0];
    const Sizes& small = many < layers ? sizes[1] : large;
    const auto bytes = [&](const std::string& kind) {
        const uint64_t known = large.at(kind);
        const auto found = small.find(kind);
        const uint64_t less = found == small.end() ? known : std::min(known, found->second);
        return known + (known - less) * (layers - many) / kPattern;
    };
    size_t kinds = 0;
    while (large.contains(fmt::format("layer {} decode", kinds)))
        ++kinds;
    list_graphs(plan.forms, kinds, bytes);
    plan.decoder_bytes = bytes("decoder");
    list_blobs(plan);
    count_caches(plan);
}

void assume_graphs(BakePlan& plan, uint64_t graph_bytes) {
    const auto bytes = [&](const std::string& kind) {
        const bool whole =
            kind == "window" || kind == "dynamic" || kind == "decoder" || kind.starts_with("whole");
        return whole ? graph_bytes : graph_bytes / 8;
    };
    list_graphs(plan.forms, 1, bytes);
    plan.decoder_bytes = bytes("decoder");
    list_blobs(plan);
}

}  // namespace ovenbird
