#pragma once
// Tensors in the form the IR stores them, and the subgraphs that turn them back into f32.

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <openvino/core/node_output.hpp>
#include <string>
#include <vector>

#include "bake/quantize/quantize.hpp"

namespace ovenbird {

enum class Store { f32, f16, quantized };

/// One tensor inside the weights file. Pointers stay valid while `owner` lives.
struct StoredTensor {
    std::string name;
    Store store = Store::f32;
    QuantFormat format;  // for Store::quantized
    int64_t rows = 1;
    int64_t columns = 0;
    const std::byte* weights = nullptr;
    const std::byte* scales = nullptr;       // f16 [rows, groups, 1]
    const std::byte* zero_points = nullptr;  // like the weights, [rows, groups, 1]; null when symmetric
    std::shared_ptr<void> owner;
};

using StoredTensors = std::map<std::string, StoredTensor, std::less<>>;

/// Vector tensors: an f32 Constant of shape [columns].
ov::Output<ov::Node> vector_constant(const StoredTensor& tensor);

/// The weights of a convolution: an f32 Constant of shape [rows, columns].
ov::Output<ov::Node> channels_constant(const StoredTensor& tensor);

/// Matrix tensors: f32 [rows, columns], decompressed in the graph: Convert to f16, Subtract the zero point,
/// Multiply by the scale, Reshape the groups away, Convert to f32. The form OpenVINO's plugins fuse into
/// their MatMul.
ov::Output<ov::Node> matrix_weights(const StoredTensor& tensor);

/// x [..., columns] times the transposed matrix: [..., rows], f32.
ov::Output<ov::Node> linear(const ov::Output<ov::Node>& x, const StoredTensor& tensor);

/// Rows of the matrix for ids (i64 [batch, sequence]): f32 [batch, sequence, columns]. The rows are gathered
/// compressed and scaled afterwards, so that the table itself never grows. Per-channel INT8 or f16/f32 only.
ov::Output<ov::Node> embedding_lookup(const StoredTensor& tensor, const ov::Output<ov::Node>& ids);

}  // namespace ovenbird
