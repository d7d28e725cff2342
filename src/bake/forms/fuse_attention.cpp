#include <algorithm>
#include <map>
#include <openvino/op/ops.hpp>
#include <optional>

#include "bake/forms/passes.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;
using Value = ov::Output<ov::Node>;

constexpr size_t kMostMasks = 4;

// softmax(queries keysᵀ · scale + masks) values
struct WrittenOut {
    Value queries;
    Value keys;
    Value values;
    std::vector<Value> masks;
    float scale = 1.0F;
};

// Leading ones put before the shape; empty when it has more than four axes or is dynamic.
ov::Shape four_axes(const Value& value) {
    const auto& shape = value.get_partial_shape();
    if (shape.is_dynamic() || shape.size() > 4) return {};
    ov::Shape axes = shape.to_shape();
    axes.insert(axes.begin(), 4 - axes.size(), 1);
    return axes;
}

bool is_read_once(const Value& value) {
    return value.get_target_inputs().size() == 1;
}

// A Reshape that only adds or drops leading ones.
bool keeps_four_axes(ov::Node& node) {
    return ov::is_type<v1::Reshape>(&node) && !four_axes(node.output(0)).empty() &&
           four_axes(node.output(0)) == four_axes(node.input_value(0));
}

bool converts_reals(const ov::Node& node) {
    return ov::is_type<v0::Convert>(&node) && node.get_input_element_type(0).is_real() &&
           node.get_output_element_type(0).is_real();
}

Value without_reshapes(Value value) {
    while (keeps_four_axes(*value.get_node()))
        value = value.get_node()->input_value(0);
    return value;
}

// Inside the pattern, where each value may be read only by the next.
Value without_formalities(Value value) {
    while (is_read_once(value) && (keeps_four_axes(*value.get_node()) || converts_reals(*value.get_node())))
        value = value.get_node()->input_value(0);
    return value;
}

// Of a constant of one element, perhaps a compressed one.
std::optional<float> number(Value value) {
    while (ov::is_type<v0::Convert>(value.get_node()))
        value = value.get_node()->input_value(0);
    const auto* constant = ov::as_type<v0::Constant>(value.get_node());
    if (constant == nullptr || ov::shape_size(constant->get_shape()) != 1) return std::nullopt;
    return constant->cast_vector<float>()[0];
}

// Moves a factor of one number from `value` to `scale`.
bool take_factor(Value& value, float& scale) {
    const auto* node = value.get_node();
    const bool divides = ov::is_type<v1::Divide>(node);
    if (!is_read_once(value) || (!divides && !ov::is_type<v1::Multiply>(node))) return false;
    for (const size_t side : {1, 0}) {
        const auto factor = number(node->input_value(side));
        if (!factor || *factor == 0.0F || (divides && side == 0)) continue;
        if (four_axes(node->input_value(1 - side)) != four_axes(value)) continue;
        scale = divides ? scale / *factor : scale * *factor;
        value = node->input_value(1 - side);
        return true;
    }
    return false;
}

Value without_factors(Value value, float& scale) {
    do
        value = without_reshapes(value);
    while (take_factor(value, scale));
    return value;
}

// What `value` is the transpose of, in its last two axes. No node when a Transpose did not make it.
Value transposed(const Value& value) {
    const auto* node = value.get_node();
    if (!ov::is_type<v1::Transpose>(node) || four_axes(value).empty()) return {};
    const auto* constant = ov::as_type<v0::Constant>(node->get_input_node_ptr(1));
    if (constant == nullptr || constant->get_shape() != ov::Shape{value.get_shape().size()}) return {};
    auto order = constant->cast_vector<int64_t>();
    if (order.size() < 3) return {};
    std::swap(order[order.size() - 1], order[order.size() - 2]);
    if (std::is_sorted(order.begin(), order.end())) return node->input_value(0);
    const auto axes = v0::Constant::create(ov::element::i64, {order.size()}, order);
    return std::make_shared<v1::Transpose>(node->input_value(0), axes);
}

bool find_product(const v0::MatMul& product, WrittenOut& found) {
    if (product.get_transpose_a()) return false;
    found.queries = without_factors(product.input_value(0), found.scale);
    found.keys = without_factors(product.input_value(1), found.scale);
    if (product.get_transpose_b()) return true;
    found.keys = transposed(found.keys);
    if (found.keys.get_node() == nullptr) return false;
    found.keys = without_factors(found.keys, found.scale);
    return true;
}

// From the softmax's input down: masks first, since a factor above them would scale them too.
bool find_scores(Value value, WrittenOut& found) {
    value = without_formalities(value);
    if (!is_read_once(value)) return false;
    if (ov::is_type<v1::Add>(value.get_node()) && found.masks.size() < kMostMasks) {
        for (const size_t side : {0, 1}) {
            const auto scores = value.get_node()->input_value(side);
            auto below = found;
            below.masks.push_back(value.get_node()->input_value(1 - side));
            if (four_axes(scores) != four_axes(value) || !find_scores(scores, below)) continue;
            found = std::move(below);
            return true;
        }
        return false;
    }
    while (take_factor(value, found.scale))
        value = without_formalities(value);
    const auto* product = ov::as_type<v0::MatMul>(value.get_node());
    return product != nullptr && is_read_once(value) && find_product(*product, found);
}

bool is_softmax_of_last_axis(const ov::Node& node) {
    const auto last = static_cast<int64_t>(node.get_output_partial_shape(0).size()) - 1;
    if (const auto* softmax = ov::as_type<const v1::Softmax>(&node))
        return static_cast<int64_t>(softmax->get_axis()) == last;
    const auto* softmax = ov::as_type<const v8::Softmax>(&node);
    return softmax != nullptr && (softmax->get_axis() == last || softmax->get_axis() == -1);
}

bool find_attention(const v0::MatMul& product, WrittenOut& found) {
    if (product.get_transpose_a() || product.get_transpose_b()) return false;
    const auto shares = without_formalities(product.input_value(0));
    if (!is_read_once(shares) || four_axes(shares).empty() || !is_softmax_of_last_axis(*shares.get_node()))
        return false;
    found.values = without_reshapes(product.input_value(1));
    return find_scores(shares.get_node()->input_value(0), found);
}

// Of rank 2 are products with weights.
bool has_heads(const Value& value) {
    const auto& shape = value.get_partial_shape();
    return shape.is_static() && (shape.size() == 3 || shape.size() == 4);
}

// [batch, heads, rows, size] all through; no axis of queries, keys or values is spread over another's.
bool fits(const WrittenOut& found, const Value& mask, const Value& result) {
    if (!has_heads(found.queries) || !has_heads(found.keys) || !has_heads(found.values)) return false;
    const auto queries = four_axes(found.queries);
    const auto keys = four_axes(found.keys);
    const auto values = four_axes(found.values);
    const auto type = result.get_element_type();
    for (const auto& value : {found.queries, found.keys, found.values, mask}) {
        if (value.get_element_type() != type) return false;
    }
    const ov::Shape rows{queries[0], queries[1], queries[2], values[3]};
    if (keys != ov::Shape{queries[0], queries[1], keys[2], queries[3]}) return false;
    if (values != ov::Shape{queries[0], queries[1], keys[2], values[3]}) return false;
    if (four_axes(result) != rows) return false;
    if (found.masks.empty()) return true;
    const auto seen = four_axes(mask);
    return !seen.empty() && (seen[0] == 1 || seen[0] == queries[0]) &&
           (seen[1] == 1 || seen[1] == queries[1]) && seen[2] == queries[2] && seen[3] == keys[2];
}

Value reshaped(const Value& value, const ov::Shape& shape) {
    if (value.get_shape() == shape) return value;
    const auto pattern = v0::Constant::create(ov::element::i64, {shape.size()}, shape);
    return std::make_shared<v1::Reshape>(value, pattern, false);
}

// The sum of an attention's masks; layers with the same masks share it.
class Masks {
public:
    Value sum(const std::vector<Value>& masks, const ov::element::Type& type) {
        auto& sum = sums_[masks];
        if (sum.get_node() == nullptr) sum = made(masks, type);
        return sum;
    }

private:
    static Value made(const std::vector<Value>& masks, const ov::element::Type& type) {
        if (masks.empty()) return v0::Constant::create(type, {}, {0.0F});
        Value sum = masks[0];
        for (size_t i = 1; i < masks.size(); ++i)
            sum = std::make_shared<v1::Add>(sum, masks[i]);
        return four_axes(sum).empty() ? sum : reshaped(sum, four_axes(sum));
    }

    std::map<std::vector<Value>, Value> sums_;
};

void replace(const std::shared_ptr<v0::MatMul>& product, const WrittenOut& found, const Value& mask) {
    const auto of_four_axes = [](const Value& value) { return reshaped(value, four_axes(value)); };
    const auto scale = v0::Constant::create(product->get_output_element_type(0), {}, {found.scale});
    const auto attention = std::make_shared<v13::ScaledDotProductAttention>(
        of_four_axes(found.queries), of_four_axes(found.keys), of_four_axes(found.values), mask, scale,
        false);
    attention->set_friendly_name(product->get_friendly_name());
    product->output(0).replace(reshaped(attention, product->get_output_shape(0)));
}

}  // namespace

void fuse_attention(const std::shared_ptr<ov::Model>& model) {
    Masks masks;
    for (const auto& node : model->get_ordered_ops()) {
        const auto product = ov::as_type_ptr<v0::MatMul>(node);
        WrittenOut found;
        if (product == nullptr || !find_attention(*product, found)) continue;
        const auto mask = masks.sum(found.masks, product->get_output_element_type(0));
        if (fits(found, mask, product)) replace(product, found, mask);
    }
}

}  // namespace ovenbird
