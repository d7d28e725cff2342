#include <openvino/op/ops.hpp>

#include "bake/graph/layers.hpp"

namespace ovenbird {

using namespace ov::op;

Value rms_norm(const Value& x, const Value& weight, double eps, const std::string& name) {
    const auto scalar = [](float value) { return v0::Constant::create(ov::element::f32, {}, {value}); };
    const auto square = std::make_shared<v1::Power>(x, scalar(2.0F));
    const auto last_axis = v0::Constant::create(ov::element::i64, {1}, {-1});
    const auto mean = std::make_shared<v1::ReduceMean>(square, last_axis, true);
    const auto shifted = std::make_shared<v1::Add>(mean, scalar(static_cast<float>(eps)));
    const auto inverse = std::make_shared<v1::Divide>(scalar(1.0F), std::make_shared<v0::Sqrt>(shifted));
    const auto normed = std::make_shared<v1::Multiply>(x, inverse);
    const auto scaled = std::make_shared<v1::Multiply>(normed, weight);
    scaled->set_friendly_name(name);
    return scaled;
}

Value layer_norm(const Value& x, const Value& weight, double eps, const std::string& name) {
    const auto last_axis = v0::Constant::create(ov::element::i64, {1}, {-1});
    const auto mean = std::make_shared<v1::ReduceMean>(x, last_axis, true);
    return rms_norm(std::make_shared<v1::Subtract>(x, mean), weight, eps, name);
}

}  // namespace ovenbird
