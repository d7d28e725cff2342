#include <algorithm>
#include <openvino/op/constant.hpp>

#include "bake/forms/passes.hpp"

namespace ovenbird {
namespace {

constexpr float kLargestHalf = 65504.0F;
// Masks are small; a weight beyond f16's range is another matter (`ovenbird check --numerics`).
constexpr size_t kMostElements = 1 << 20;

bool beyond_half(float value) {
    return value > kLargestHalf || value < -kLargestHalf;
}

}  // namespace

void bound_constants(const std::shared_ptr<ov::Model>& model) {
    for (const auto& node : model->get_ordered_ops()) {
        const auto constant = ov::as_type_ptr<ov::op::v0::Constant>(node);
        if (constant == nullptr || !constant->get_element_type().is_real() ||
            ov::shape_size(constant->get_shape()) > kMostElements)
            continue;
        auto values = constant->cast_vector<float>();
        if (std::none_of(values.begin(), values.end(), beyond_half)) continue;
        for (float& value : values)
            value = std::clamp(value, -kLargestHalf, kLargestHalf);
        const auto bounded =
            ov::op::v0::Constant::create(constant->get_element_type(), constant->get_shape(), values);
        bounded->set_friendly_name(constant->get_friendly_name());
        constant->output(0).replace(bounded->output(0));
    }
}

}  // namespace ovenbird
