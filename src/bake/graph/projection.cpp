#include <numeric>
#include <openvino/op/ops.hpp>

#include "bake/graph/layers.hpp"
#include "base/error.hpp"

namespace ovenbird {

using namespace ov::op;

namespace {

// One product and the rows of each part, or nothing where the parts do not lie behind each other.
std::optional<Value> one_product(const Value& x, const JointProjection& joint, bool bias,
                                 const StoredTensors& tensors) {
    std::vector<const StoredTensor*> weights;
    std::vector<const StoredTensor*> biases;
    for (const auto& part : joint.parts) {
        weights.push_back(&stored(tensors, joint.prefix + part + ".weight"));
        if (bias) biases.push_back(&stored(tensors, joint.prefix + part + ".bias"));
    }
    const auto matrix = joined(joint.prefix + "joint.weight", weights);
    if (!matrix) return std::nullopt;
    Value product = linear(x, *matrix);
    if (!bias) return product;
    const auto vector = joined(joint.prefix + "joint.bias", biases);
    if (!vector) return std::nullopt;
    return std::make_shared<v1::Add>(product, vector_constant(*vector));
}

}  // namespace

const StoredTensor& stored(const StoredTensors& tensors, const std::string& name) {
    const auto found = tensors.find(name);
    if (found == tensors.end())
        fail(ErrorCode::internal, "the graph needs {}, which the plan did not store", name);
    return found->second;
}

Value projection(const Value& x, const std::string& name, bool bias, const StoredTensors& tensors,
                 float bias_scale) {
    auto product = linear(x, stored(tensors, name + ".weight"));
    if (!bias) return product;
    return std::make_shared<v1::Add>(product,
                                     scaled(vector_constant(stored(tensors, name + ".bias")), bias_scale));
}

std::vector<Value> projections(const Value& x, const JointProjection& joint, bool bias,
                               const StoredTensors& tensors, const LayerContext& context) {
    std::vector<Value> values;
    const auto product = context.join ? one_product(x, joint, bias, tensors) : std::nullopt;
    if (!product) {
        for (const auto& part : joint.parts)
            values.push_back(projection(x, joint.prefix + part, bias, tensors));
        return values;
    }
    std::vector<int64_t> rows;
    for (const auto& part : joint.parts)
        rows.push_back(stored(tensors, joint.prefix + part + ".weight").rows);
    const auto split = std::make_shared<v1::VariadicSplit>(*product, integer(-1), integers(rows));
    for (const auto& output : split->outputs())
        values.push_back(output);
    return values;
}

Value scaled(const Value& x, float factor) {
    if (factor == 1.0F) return x;
    return std::make_shared<v1::Multiply>(x, v0::Constant::create(ov::element::f32, {}, {factor}));
}

}  // namespace ovenbird
