#include <fmt/format.h>

#include <cmath>
#include <openvino/op/constant.hpp>

#include "check/numerics.hpp"
#include "check/rules.hpp"

namespace ovenbird {
namespace {

constexpr size_t kMostElements = 1 << 20;  // masks and scalars; weights are `--numerics`' business

}  // namespace

void check_f16_range(const ov::Model& model, std::vector<Finding>& findings) {
    for (const auto& node : model.get_ordered_ops()) {
        const auto* constant = ov::as_type<const ov::op::v0::Constant>(node.get());
        if (constant == nullptr || !constant->get_element_type().is_real() ||
            ov::shape_size(constant->get_shape()) > kMostElements)
            continue;
        for (const double value : constant->cast_vector<double>()) {
            if (std::abs(value) <= kLargestHalf) continue;
            findings.push_back(
                {false, all_platforms(), describe_node(*node),
                 fmt::format("holds {:.4g}, beyond what an NPU computes in (f16: ±65504)", value),
                 "bake it: ovenbird bake MODEL.xml -o DIR bounds such constants"});
            break;
        }
    }
}

}  // namespace ovenbird
