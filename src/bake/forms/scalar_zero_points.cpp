#include <fmt/format.h>

#include <map>
#include <openvino/op/ops.hpp>

#include "bake/forms/passes.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

// Weights of one scale and one zero point a row: (codes - zero_points) * scales.
struct AsymmetricRows {
    std::shared_ptr<v0::Constant> codes;
    std::shared_ptr<v0::Constant> zero_points;
    std::shared_ptr<v0::Constant> scales;
    ov::element::Type type;  // in which they are multiplied
};

std::shared_ptr<v0::Constant> constant_below(ov::Output<ov::Node> value) {
    while (ov::is_type<v0::Convert>(value.get_node()))
        value = value.get_node()->input_value(0);
    return ov::as_type_ptr<v0::Constant>(value.get_node_shared_ptr());
}

bool is_column(const std::shared_ptr<v0::Constant>& constant, size_t rows) {
    return constant != nullptr && constant->get_shape() == ov::Shape{rows, 1};
}

bool find_rows(ov::Output<ov::Node> weights, AsymmetricRows& found) {
    while (ov::is_type<v0::Convert>(weights.get_node()))
        weights = weights.get_node()->input_value(0);
    const auto* product = ov::as_type<v1::Multiply>(weights.get_node());
    if (product == nullptr || !ov::is_type<v1::Subtract>(product->get_input_node_ptr(0))) return false;
    const auto* difference = product->get_input_node_ptr(0);
    found.type = product->get_output_element_type(0);
    found.codes = constant_below(difference->input_value(0));
    found.zero_points = constant_below(difference->input_value(1));
    found.scales = constant_below(product->input_value(1));
    if (found.codes == nullptr || found.codes->get_shape().size() != 2) return false;
    const size_t rows = found.codes->get_shape()[0];
    return found.codes->get_element_type().bitwidth() <= 8 && is_column(found.zero_points, rows) &&
           is_column(found.scales, rows);
}

// The zero point that all rows get: none for signed codes, else the middle of the range.
float middle_of(const AsymmetricRows& rows) {
    const auto type = rows.codes->get_element_type();
    if (type.is_signed()) return 0.0F;
    return type == ov::element::u4 ? 8.0F : 128.0F;
}

// scale * (middle - zero point) of each row.
std::shared_ptr<v0::Constant> corrections(const AsymmetricRows& rows) {
    auto values = rows.scales->cast_vector<float>();
    const auto zero_points = rows.zero_points->cast_vector<float>();
    for (size_t row = 0; row < values.size(); ++row)
        values[row] *= middle_of(rows) - zero_points[row];
    return v0::Constant::create(ov::element::f32, {values.size()}, values);
}

std::shared_ptr<ov::Node> converted(const ov::Output<ov::Node>& value, const ov::element::Type& type) {
    if (value.get_element_type() == type) return value.get_node_shared_ptr();
    return std::make_shared<v0::Convert>(value, type);
}

std::shared_ptr<ov::Node> centred_weights(const AsymmetricRows& rows, const ov::element::Type& type) {
    std::shared_ptr<ov::Node> codes = std::make_shared<v0::Convert>(rows.codes, rows.type);
    if (middle_of(rows) != 0.0F)
        codes = std::make_shared<v1::Subtract>(codes, v0::Constant::create(rows.type, {}, {middle_of(rows)}));
    return converted(std::make_shared<v1::Multiply>(codes, converted(rows.scales, rows.type)), type);
}

// Sums over the last axis, one for all products that share an input. As a product with ones: a ReduceSum here
// is refused on 5020 ("Channels count of input tensor shape and filter shape must be the same: 1 != 16").
class Sums {
public:
    std::shared_ptr<ov::Node> of(const ov::Output<ov::Node>& x, size_t columns) {
        auto& sum = sums_[x];
        if (sum == nullptr) {
            auto& ones = ones_[columns];
            if (ones == nullptr) {
                ones = v0::Constant::create(ov::element::f32, {1, columns}, {1.0F});
                ones->set_friendly_name(fmt::format("ones/{}", columns));
            }
            sum = std::make_shared<v0::MatMul>(x, ones, false, true);
        }
        return sum;
    }

private:
    std::map<ov::Output<ov::Node>, std::shared_ptr<ov::Node>> sums_;
    std::map<size_t, std::shared_ptr<v0::Constant>> ones_;
};

void rewrite(const std::shared_ptr<v0::MatMul>& product, const AsymmetricRows& rows, Sums& sums) {
    const auto x = product->input_value(0);
    const auto main = std::make_shared<v0::MatMul>(x, centred_weights(rows, ov::element::f32), false, true);
    main->set_friendly_name(product->get_friendly_name());
    const auto sum = sums.of(x, rows.codes->get_shape()[1]);
    const auto offsets = corrections(rows);
    offsets->set_friendly_name(product->get_friendly_name() + "/zero_points");
    const auto correction = std::make_shared<v1::Multiply>(sum, offsets);
    const auto result = std::make_shared<v1::Add>(main, correction);
    result->set_friendly_name(product->get_friendly_name() + "/with_zero_points");
    product->output(0).replace(result->output(0));
}

}  // namespace

void use_scalar_zero_points(const std::shared_ptr<ov::Model>& model) {
    Sums sums;
    for (const auto& node : model->get_ordered_ops()) {
        const auto product = ov::as_type_ptr<v0::MatMul>(node);
        if (product == nullptr || product->get_transpose_a() || !product->get_transpose_b()) continue;
        AsymmetricRows rows;
        if (product->get_output_element_type(0) == ov::element::f32 &&
            find_rows(product->input_value(1), rows))
            rewrite(product, rows, sums);
    }
}

}  // namespace ovenbird
