#include <algorithm>
#include <openvino/op/ops.hpp>
#include <optional>

#include "bake/forms/passes.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

// The one number of a constant; nothing for what is no such constant.
std::optional<int64_t> number_of(const ov::Output<ov::Node>& value) {
    const auto constant = ov::as_type_ptr<v0::Constant>(value.get_node_shared_ptr());
    if (constant == nullptr || ov::shape_size(constant->get_shape()) != 1) return std::nullopt;
    return constant->cast_vector<int64_t>()[0];
}

void count_from_the_front(v8::Slice& slice) {
    const auto& shape = slice.get_input_partial_shape(0);
    if (slice.get_input_size() < 5 || number_of(slice.input_value(3)) != 1 || shape.is_dynamic()) return;
    const auto axis = number_of(slice.input_value(4));
    if (!axis) return;
    const auto from_front =
        axis.value() < 0 ? axis.value() + static_cast<int64_t>(shape.size()) : axis.value();
    const auto length = shape[static_cast<size_t>(from_front)].get_length();
    for (const size_t port : {1U, 2U}) {
        const auto place = number_of(slice.input_value(port));
        if (!place || (*place >= 0 && *place <= length)) continue;
        const int64_t plain = std::clamp<int64_t>(*place < 0 ? *place + length : *place, 0, length);
        slice.input(port).replace_source_output(v0::Constant::create(ov::element::i64, {1}, {plain}));
    }
}

}  // namespace

void plain_slices(const std::shared_ptr<ov::Model>& model) {
    for (const auto& node : model->get_ordered_ops())
        if (const auto slice = ov::as_type_ptr<v8::Slice>(node)) count_from_the_front(*slice);
}

}  // namespace ovenbird
