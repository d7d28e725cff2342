#include <openvino/op/ops.hpp>

#include "bake/forms/passes.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

// A table as exporters write it: (Convert(codes) - zero points) * scales, perhaps converted once more.
struct CompressedTable {
    ov::Output<ov::Node> codes;
    ov::Output<ov::Node> zero_points;  // no node when there are none
    ov::Output<ov::Node> scales;
};

ov::Output<ov::Node> without_convert(ov::Output<ov::Node> value) {
    while (ov::is_type<v0::Convert>(value.get_node()))
        value = value.get_node()->input_value(0);
    return value;
}

bool is_constant_of_rows(const ov::Output<ov::Node>& value, size_t rows) {
    return ov::is_type<v0::Constant>(value.get_node()) && value.get_shape().size() == 2 &&
           value.get_shape()[0] == rows;
}

bool find_table(const ov::Output<ov::Node>& data, CompressedTable& table) {
    const auto product = without_convert(data);
    if (!ov::is_type<v1::Multiply>(product.get_node())) return false;
    table.scales = without_convert(product.get_node()->input_value(1));
    auto codes = product.get_node()->input_value(0);
    if (ov::is_type<v1::Subtract>(codes.get_node())) {
        table.zero_points = without_convert(codes.get_node()->input_value(1));
        codes = codes.get_node()->input_value(0);
    }
    table.codes = without_convert(codes);
    if (!ov::is_type<v0::Constant>(table.codes.get_node()) || table.codes.get_shape().size() != 2)
        return false;
    const size_t rows = table.codes.get_shape()[0];
    const bool has_zeros = table.zero_points.get_node() != nullptr;
    return table.codes.get_element_type().bitwidth() == 8 && is_constant_of_rows(table.scales, rows) &&
           (!has_zeros || is_constant_of_rows(table.zero_points, rows));
}

void scale_rows_of(const std::shared_ptr<v8::Gather>& gather, const CompressedTable& table) {
    const auto type = gather->get_output_element_type(0);
    const auto rows_of = [&](const ov::Output<ov::Node>& value) {
        const auto rows = std::make_shared<v8::Gather>(value, gather->input_value(1), gather->input_value(2));
        return std::make_shared<v0::Convert>(rows, type);
    };
    std::shared_ptr<ov::Node> rows = rows_of(table.codes);
    if (table.zero_points.get_node() != nullptr)
        rows = std::make_shared<v1::Subtract>(rows, rows_of(table.zero_points));
    const auto scaled = std::make_shared<v1::Multiply>(rows, rows_of(table.scales));
    scaled->set_friendly_name(gather->get_friendly_name());
    gather->output(0).replace(scaled->output(0));
}

}  // namespace

void scale_after_gather(const std::shared_ptr<ov::Model>& model) {
    for (const auto& node : model->get_ordered_ops()) {
        const auto gather = ov::as_type_ptr<v8::Gather>(node);
        if (gather == nullptr || gather->get_axis() != 0 || gather->get_batch_dims() != 0) continue;
        CompressedTable table;
        if (find_table(gather->input_value(0), table)) scale_rows_of(gather, table);
    }
}

}  // namespace ovenbird
