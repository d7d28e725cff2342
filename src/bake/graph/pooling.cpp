#include "bake/graph/pooling.hpp"

#include <openvino/op/ops.hpp>

namespace ovenbird {
namespace {

using namespace ov::op;

std::shared_ptr<v0::Constant> number(float value) {
    return v0::Constant::create(ov::element::f32, {}, {value});
}

Value without_rows(const Value& x) {
    return std::make_shared<v0::Squeeze>(x, integers({1}));
}

// The shares are divided before they are summed up: a sum of hundreds of rows may exceed f16.
Value weighted_sum(const Value& rows, const Value& attention_mask, bool root) {
    const auto real = std::make_shared<v0::Convert>(attention_mask, ov::element::f32);
    Value count = std::make_shared<v1::ReduceSum>(real, integers({1}), true);
    if (root) count = std::make_shared<v0::Sqrt>(count);
    const auto shares = std::make_shared<v1::Divide>(real, count);
    const auto row = std::make_shared<v0::Unsqueeze>(shares, integers({1}));  // [1, 1, tokens]
    const auto sum = std::make_shared<v0::MatMul>(row, rows);
    sum->set_friendly_name("pooling/mean");
    return without_rows(sum);
}

Value last_row(const Value& rows, const Value& attention_mask) {
    const auto count = std::make_shared<v1::ReduceSum>(attention_mask, integers({1}), false);  // [1]
    const auto last = std::make_shared<v1::Subtract>(count, integers({1}));
    last->set_friendly_name("pooling/last");
    return without_rows(std::make_shared<v8::Gather>(rows, last, integer(1)));
}

Value largest(const Value& rows, const Value& attention_mask) {
    constexpr float kLowest = -65504.0F;  // of f16
    const auto real = std::make_shared<v1::NotEqual>(attention_mask, integer(0));
    const auto column = std::make_shared<v0::Unsqueeze>(real, integers({2}));
    const auto masked = std::make_shared<v1::Select>(column, rows, number(kLowest));
    return std::make_shared<v1::ReduceMax>(masked, integers({1}), false);
}

}  // namespace

Value pooled(const Value& rows, const Value& attention_mask, Pooling pooling) {
    switch (pooling) {
        case Pooling::cls:
            return without_rows(std::make_shared<v8::Slice>(rows, integers({0}), integers({1}), integers({1}),
                                                            integers({1})));
        case Pooling::last_token:
            return last_row(rows, attention_mask);
        case Pooling::mean:
            return weighted_sum(rows, attention_mask, false);
        case Pooling::mean_sqrt_len:
            return weighted_sum(rows, attention_mask, true);
        case Pooling::max:
            return largest(rows, attention_mask);
    }
    return rows;
}

std::vector<RequiredTensor> dense_tensors(const std::vector<DenseLayer>& layers) {
    std::vector<RequiredTensor> list;
    for (const auto& layer : layers) {
        list.push_back({layer.name + ".linear.weight", TensorRole::linear, layer.outputs, layer.inputs});
        if (layer.bias) list.push_back({layer.name + ".linear.bias", TensorRole::vector, 1, layer.outputs});
    }
    return list;
}

Value dense(const Value& x, const DenseLayer& layer, const StoredTensors& tensors) {
    Value y = projection(x, layer.name + ".linear", layer.bias, tensors);
    switch (layer.activation) {
        case DenseLayer::Activation::none:
            return y;
        case DenseLayer::Activation::tanh:
            return std::make_shared<v0::Tanh>(y);
        case DenseLayer::Activation::relu:
            return std::make_shared<v0::Relu>(y);
        case DenseLayer::Activation::gelu:
            return std::make_shared<v7::Gelu>(y, ov::op::GeluApproximationMode::ERF);
    }
    return y;
}

Value normalized(const Value& x) {
    // By the largest value first: squares beyond f16 would be infinite, small ones 0.
    const auto size = std::make_shared<v1::ReduceMax>(std::make_shared<v0::Abs>(x), integers({-1}), true);
    const auto close = std::make_shared<v1::Divide>(x, std::make_shared<v1::Maximum>(size, number(1e-6F)));
    const auto squares = std::make_shared<v1::Multiply>(close, close);
    const auto sum = std::make_shared<v1::ReduceSum>(squares, integers({-1}), true);
    return std::make_shared<v1::Divide>(
        close, std::make_shared<v0::Sqrt>(std::make_shared<v1::Maximum>(sum, number(1e-6F))));
}

}  // namespace ovenbird
