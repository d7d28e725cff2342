#include "bake/graph/stored_tensor.hpp"

#include <openvino/op/ops.hpp>

#include "base/error.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

std::shared_ptr<v0::Constant> view(const StoredTensor& tensor, const ov::element::Type& type,
                                   const ov::Shape& shape, const std::byte* data, const char* suffix) {
    auto constant = std::make_shared<v0::Constant>(type, shape, data, tensor.owner);
    constant->set_friendly_name(tensor.name + suffix);
    return constant;
}

ov::element::Type weight_type(const QuantFormat& format) {
    if (format.bits == 4) return has_signed_codes(format) ? ov::element::i4 : ov::element::u4;
    return has_signed_codes(format) ? ov::element::i8 : ov::element::u8;
}

std::shared_ptr<ov::Node> convert(const ov::Output<ov::Node>& value, const ov::element::Type& type) {
    return std::make_shared<v0::Convert>(value, type);
}

// [rows, columns] per channel, [rows, groups, group_size] in groups.
ov::Shape weight_shape(const StoredTensor& tensor) {
    const auto rows = static_cast<size_t>(tensor.rows);
    const auto columns = static_cast<size_t>(tensor.columns);
    if (tensor.format.group_size == 0) return {rows, columns};
    const auto group = static_cast<size_t>(tensor.format.group_size);
    return {rows, columns / group, group};
}

std::shared_ptr<ov::Node> dequantized(const StoredTensor& tensor) {
    const auto shape = weight_shape(tensor);
    auto scale_shape = shape;
    scale_shape.back() = 1;
    const auto type = weight_type(tensor.format);
    auto value = convert(view(tensor, type, shape, tensor.weights, ""), ov::element::f16);
    if (tensor.zero_points != nullptr) {
        const auto zero = view(tensor, type, scale_shape, tensor.zero_points, "/zero_point");
        value = std::make_shared<v1::Subtract>(value, convert(zero, ov::element::f16));
    }
    const auto scale = view(tensor, ov::element::f16, scale_shape, tensor.scales, "/scale");
    value = std::make_shared<v1::Multiply>(value, scale);
    value->set_friendly_name(tensor.name + "/dequantized");
    if (shape.size() == 3) {
        const auto flat = v0::Constant::create(ov::element::i64, {2}, {tensor.rows, tensor.columns});
        value = std::make_shared<v1::Reshape>(value, flat, false);
        value->set_friendly_name(tensor.name + "/rows");
    }
    return convert(value, ov::element::f32);
}

std::shared_ptr<ov::Node> gather_rows(const ov::Output<ov::Node>& table, const ov::Output<ov::Node>& ids) {
    return std::make_shared<v8::Gather>(table, ids, v0::Constant::create(ov::element::i64, {}, {0}));
}

}  // namespace

ov::Output<ov::Node> vector_constant(const StoredTensor& tensor) {
    if (tensor.store != Store::f32)
        fail(ErrorCode::internal, "{} is a vector but is not stored in f32", tensor.name);
    return view(tensor, ov::element::f32, {static_cast<size_t>(tensor.columns)}, tensor.weights, "");
}

ov::Output<ov::Node> channels_constant(const StoredTensor& tensor) {
    if (tensor.store != Store::f32)
        fail(ErrorCode::internal, "{} is a convolution's but is not stored in f32", tensor.name);
    return view(tensor, ov::element::f32,
                {static_cast<size_t>(tensor.rows), static_cast<size_t>(tensor.columns)}, tensor.weights, "");
}

ov::Output<ov::Node> matrix_weights(const StoredTensor& tensor) {
    if (tensor.store == Store::quantized) return dequantized(tensor);
    const ov::Shape shape{static_cast<size_t>(tensor.rows), static_cast<size_t>(tensor.columns)};
    if (tensor.store == Store::f32) return view(tensor, ov::element::f32, shape, tensor.weights, "");
    return convert(view(tensor, ov::element::f16, shape, tensor.weights, ""), ov::element::f32);
}

ov::Output<ov::Node> linear(const ov::Output<ov::Node>& x, const StoredTensor& tensor) {
    const auto product = std::make_shared<v0::MatMul>(x, matrix_weights(tensor), false, true);
    product->set_friendly_name(tensor.name + "/matmul");
    return product;
}

ov::Output<ov::Node> embedding_lookup(const StoredTensor& tensor, const ov::Output<ov::Node>& ids) {
    if (tensor.store != Store::quantized) {
        const ov::Shape shape{static_cast<size_t>(tensor.rows), static_cast<size_t>(tensor.columns)};
        const bool half = tensor.store == Store::f16;
        const auto table =
            view(tensor, half ? ov::element::f16 : ov::element::f32, shape, tensor.weights, "");
        return convert(gather_rows(table, ids), ov::element::f32);
    }
    if (tensor.format.group_size != 0) {
        fail(ErrorCode::internal, "{}: an embedding is looked up per channel, not in groups", tensor.name);
    }
    const auto type = weight_type(tensor.format);
    const ov::Shape scale_shape{static_cast<size_t>(tensor.rows), 1};
    auto rows = convert(gather_rows(view(tensor, type, weight_shape(tensor), tensor.weights, ""), ids),
                        ov::element::f32);
    if (tensor.zero_points != nullptr) {
        const auto zero = view(tensor, type, scale_shape, tensor.zero_points, "/zero_point");
        rows = std::make_shared<v1::Subtract>(rows, convert(gather_rows(zero, ids), ov::element::f32));
    }
    const auto scale = gather_rows(view(tensor, ov::element::f16, scale_shape, tensor.scales, "/scale"), ids);
    const auto scaled = std::make_shared<v1::Multiply>(rows, convert(scale, ov::element::f32));
    scaled->set_friendly_name(tensor.name + "/embedding");
    return scaled;
}

}  // namespace ovenbird
