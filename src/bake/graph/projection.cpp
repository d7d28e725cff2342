#include <openvino/op/ops.hpp>

#include "bake/graph/layers.hpp"
#include "base/error.hpp"

namespace ovenbird {

using namespace ov::op;

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

Value capped(const Value& x, double cap) {
    return cap == 0 ? x : scaled(std::make_shared<v0::Tanh>(x), static_cast<float>(cap));
}

Value scaled(const Value& x, float factor) {
    if (factor == 1.0F) return x;
    return std::make_shared<v1::Multiply>(x, v0::Constant::create(ov::element::f32, {}, {factor}));
}

}  // namespace ovenbird
