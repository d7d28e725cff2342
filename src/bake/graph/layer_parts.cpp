#include "bake/graph/layer_parts.hpp"

#include <algorithm>
#include <cstdlib>
#include <openvino/op/ops.hpp>
#include <set>
#include <vector>

#include "bake/graph/inventory.hpp"
#include "bake/graph/kv_cache.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

constexpr const char* kHidden = "hidden";
constexpr const char* kRead = "read";
constexpr const char* kResult = "result";

size_t value_count(const RequiredTensor& tensor) {
    return static_cast<size_t>(tensor.rows) * static_cast<size_t>(tensor.columns);
}

// Stand-ins for weights that become inputs: pages of zeros that nobody touches.
void add_stand_ins(StoredTensors& tensors, const std::vector<RequiredTensor>& wanted) {
    size_t most = 1;
    for (const auto& tensor : wanted)
        most = std::max(most, value_count(tensor));
    const std::shared_ptr<void> zeros(std::calloc(most, sizeof(float)), std::free);
    if (zeros == nullptr) throw std::bad_alloc();
    for (const auto& tensor : wanted)
        tensors[tensor.name] = {tensor.name, Store::f32,     {},
                                tensor.rows, tensor.columns, static_cast<const std::byte*>(zeros.get()),
                                nullptr,     nullptr,        zeros};
}

// The constants named as `wanted` become inputs, their names without `prefix`.
ov::ParameterVector weights_to_inputs(const std::shared_ptr<ov::Node>& result,
                                      const std::vector<RequiredTensor>& wanted, const std::string& prefix,
                                      ov::ParameterVector inputs) {
    const auto model =
        std::make_shared<ov::Model>(ov::ResultVector{ov::as_type_ptr<v0::Result>(result)}, inputs);
    for (const auto& node : model->get_ordered_ops()) {
        const auto constant = ov::as_type_ptr<v0::Constant>(node);
        if (constant == nullptr) continue;
        for (const auto& tensor : wanted) {
            if (tensor.name != constant->get_friendly_name()) continue;
            const auto input =
                named_input(tensor.name.substr(prefix.size()), ov::element::f32, constant->get_shape());
            constant->output(0).replace(input->output(0));
            inputs.push_back(input);
        }
    }
    return inputs;
}

std::shared_ptr<ov::Model> finished(const Value& value, const std::vector<RequiredTensor>& wanted,
                                    const std::string& prefix, ov::ParameterVector inputs) {
    const auto result = std::make_shared<v0::Result>(value);
    result->set_friendly_name(kResult);
    result->get_output_tensor(0).set_names({kResult});
    inputs = weights_to_inputs(result, wanted, prefix, std::move(inputs));
    return std::make_shared<ov::Model>(ov::ResultVector{result}, inputs);
}

// The product with the matrix of that name, among what `value` is made of.
std::shared_ptr<ov::Node> product_of(const Value& value, const std::string& matrix) {
    std::vector<ov::Node*> open{value.get_node()};
    std::set<ov::Node*> seen;
    while (!open.empty()) {
        ov::Node* node = open.back();
        open.pop_back();
        if (!seen.insert(node).second) continue;
        if (node->get_friendly_name() == matrix + "/matmul") return node->shared_from_this();
        for (const auto& input : node->input_values())
            open.push_back(input.get_node());
    }
    fail(ErrorCode::internal, "the layer has no product with {}", matrix);
}

// An input that is also the result would have two names in one.
Value apart_from(const std::shared_ptr<v0::Parameter>& input, const Value& value) {
    if (value != input->output(0)) return value;
    return std::make_shared<v1::Multiply>(value, v0::Constant::create(ov::element::f32, {}, {1.0F}));
}

ov::Shape shape_of(size_t sequences, size_t tokens, int64_t size) {
    return {sequences, tokens, static_cast<size_t>(size)};
}

LayerContext context_for(const ModelConfig& config, const StoredTensors& tensors, size_t sequences,
                         size_t tokens) {
    const std::vector<int64_t> ones(sequences * tokens, 1);
    std::vector<int64_t> positions(sequences * tokens);
    for (size_t i = 0; i < positions.size(); ++i)
        positions[i] = static_cast<int64_t>(i % tokens);
    const ov::Shape shape{sequences, tokens};
    return layer_context(config, tensors, v0::Constant::create(ov::element::i64, shape, ones),
                         v0::Constant::create(ov::element::i64, shape, positions), 1);
}

std::vector<RequiredTensor> wanted_of_head(const ModelConfig& config, bool mixes) {
    std::vector<RequiredTensor> wanted{{kFinalNormName, TensorRole::vector, 1, config.hidden_size}};
    if (config.norm_bias) wanted.push_back({kFinalNormBiasName, TensorRole::vector, 1, config.hidden_size});
    if (mixes) wanted.push_back({kHeadMixName, TensorRole::linear, config.hidden_size, config.hidden_size});
    wanted.push_back({config.tied_embeddings ? kEmbeddingName : kHeadName, TensorRole::head,
                      config.vocab_size, config.hidden_size});
    return wanted;
}

Value head_of(const Value& hidden, const ModelConfig& config, const std::vector<RequiredTensor>& wanted) {
    StoredTensors tensors;
    add_stand_ins(tensors, wanted);
    LayerContext context;
    context.norm_eps = config.norm_eps;
    return head(hidden, config, tensors, context);
}

}  // namespace

std::shared_ptr<ov::Model> build_layer_part(const ModelConfig& config, int64_t layer, LayerPart part,
                                            const StoredTensors& tensors, size_t sequences, size_t tokens) {
    if (const char* why = config.why_not_apart()) {
        fail(ErrorCode::unsupported,
             "{} has {}, which cannot be run one by one yet; compare with the source in another program",
             config.model_type, why);
    }
    const std::string prefix = layer_prefix(layer);
    std::vector<RequiredTensor> wanted;
    for (auto& tensor : required_tensors(config))
        if (tensor.name.starts_with(prefix)) wanted.push_back(std::move(tensor));
    StoredTensors all = tensors;
    add_stand_ins(all, wanted);
    const auto context = context_for(config, all, sequences, tokens);
    const auto hidden =
        named_input(kHidden, ov::element::f32, shape_of(sequences, tokens, config.hidden_size));

    const bool attends = part < LayerPart::norm_mlp;
    KvCache none;
    const Value added = attends ? attend(hidden, config, layer, all, context, none)
                                : feed(hidden, config, layer, all, context);
    const char* feeds = config.gated ? "mlp.gate_proj" : "mlp.up_proj";
    const auto first = product_of(added, prefix + (attends ? "self_attn.q_proj" : feeds) + ".weight");
    const auto last =
        product_of(added, prefix + (attends ? "self_attn.o_proj" : "mlp.down_proj") + ".weight");
    switch (part) {
        case LayerPart::norm_attention:
        case LayerPart::norm_mlp:
            return finished(apart_from(hidden, first->input_value(0)), wanted, prefix, {hidden});
        case LayerPart::attend:
        case LayerPart::gate:
            return finished(last->input_value(0), wanted, prefix, {hidden});
        case LayerPart::add_attended:
        case LayerPart::add_fed:
            break;
    }
    const int64_t size = attends ? config.heads * config.head_size : config.intermediate_size;
    const auto read = named_input(kRead, ov::element::f32, shape_of(sequences, tokens, size));
    last->input(0).replace_source_output(read);
    return finished(std::make_shared<v1::Add>(hidden, added), wanted, prefix, {hidden, read});
}

std::shared_ptr<ov::Model> build_head_part(const ModelConfig& config, bool mixes, size_t sequences,
                                           size_t tokens) {
    const auto wanted = wanted_of_head(config, mixes);
    const auto hidden =
        named_input(kHidden, ov::element::f32, shape_of(sequences, tokens, config.hidden_size));
    return finished(head_of(hidden, config, wanted), wanted, "", {hidden});
}

std::shared_ptr<ov::Model> build_head_norm(const ModelConfig& config, size_t sequences, size_t tokens) {
    const auto wanted = wanted_of_head(config, false);
    const auto hidden =
        named_input(kHidden, ov::element::f32, shape_of(sequences, tokens, config.hidden_size));
    const auto product = product_of(head_of(hidden, config, wanted), wanted.back().name);
    return finished(product->input_value(0), wanted, "", {hidden});
}

}  // namespace ovenbird
