#include <fmt/format.h>

#include <algorithm>
#include <openvino/op/ops.hpp>

#include "check/rules.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

// How a compressed constant reaches the operation that uses it.
struct Use {
    bool per_row_zero_points = false;
    bool looked_up = false;  // rows of a table, gathered
};

void follow(const ov::Node& node, Use use, std::vector<Use>& uses) {
    for (const auto& target : node.get_output_target_inputs(0)) {
        const ov::Node& user = *target.get_node();
        Use here = use;
        if (ov::is_type<v1::Subtract>(&user)) {
            const auto& zero = user.get_input_partial_shape(1);
            here.per_row_zero_points = zero.is_static() && ov::shape_size(zero.to_shape()) > 1;
        }
        if (ov::is_type<util::GatherBase>(&user)) here.looked_up = true;
        const bool passes = ov::is_type<v0::Convert>(&user) || ov::is_type<v1::Subtract>(&user) ||
                            ov::is_type<v1::Multiply>(&user) || ov::is_type<v1::Reshape>(&user);
        if (passes && !here.looked_up) {
            follow(user, here, uses);
        } else {
            uses.push_back(here);
        }
    }
}

bool is_weight(const v0::Constant& constant) {
    const auto& shape = constant.get_shape();
    return shape.size() >= 2 && shape.back() > 1 && ov::shape_size(shape) >= 256;
}

}  // namespace

void check_weights(const ov::Model& model, std::vector<Finding>& findings, NpuMemory& memory) {
    uint64_t grouped = 0;
    uint64_t asymmetric = 0;
    std::string first;
    for (const auto& node : model.get_ordered_ops()) {
        const auto* constant = ov::as_type<const v0::Constant>(node.get());
        if (constant == nullptr || !is_weight(*constant)) continue;
        const uint64_t bytes = constant->get_byte_size();
        std::vector<Use> uses;
        const auto type = constant->get_element_type();
        if (type.bitwidth() > 8) {
            memory.weights += type == ov::element::f32 ? bytes / 2 : bytes;
            continue;
        }
        follow(*node, {}, uses);
        bool multiplied = false;
        bool looked_up = false;
        for (const Use& use : uses)
            (use.looked_up ? looked_up : multiplied) = true;
        if (looked_up) memory.weights += bytes;
        if (!multiplied) continue;
        const bool in_groups = constant->get_shape().size() == 3;
        const bool rows_differ =
            std::any_of(uses.begin(), uses.end(), [](const Use& use) { return use.per_row_zero_points; });
        const uint64_t as_half = ov::shape_size(constant->get_shape()) * 2;
        memory.weights += in_groups || rows_differ ? as_half : bytes;
        if (!in_groups && !rows_differ) continue;
        memory.grown += as_half - bytes;
        (in_groups ? grouped : asymmetric) += 1;
        if (first.empty()) first = describe_node(*node);
    }
    if (memory.grown == 0) return;
    findings.push_back(
        {false, all_platforms(), first,
         fmt::format(
             "{} weights in groups and {} with zero points become f16 in the compiled model: {:.0f} MB "
             "more than the file holds",
             grouped, asymmetric, static_cast<double>(memory.grown) / 1e6),
         "bake with --group-size -1 for an NPU: one scale a channel stays INT4"});
}

}  // namespace ovenbird
