#include <cstring>
#include <vector>

#include "bake/source/checkpoint.hpp"
#include "bake/source/dequantize.hpp"
#include "bake/source/packed_weight.hpp"
#include "bake/source/printable.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

// Where element `index` of an interleaved axis of `size` lies: a head's halves x and y are stored x0 y0 x1 y1
// ...
int64_t interleaved_index(const SourceTensor& tensor, int64_t index, int64_t size) {
    const int64_t head_size = size / tensor.interleaved_heads;
    const int64_t head = index / head_size;
    const int64_t within = index % head_size;
    const int64_t turned = tensor.interleaved_rows == 0 ? head_size : tensor.interleaved_rows;
    if (within >= turned) return index;
    const int64_t half = turned / 2;
    return head * head_size + 2 * (within % half) + within / half;
}

void check_interleaving(const SourceTensor& tensor, int64_t size) {
    const int64_t heads = tensor.interleaved_heads;
    const bool sound = heads > 0 && size % heads == 0 && (size / heads) % 2 == 0;
    const int64_t part = tensor.interleaved_rows;
    if (sound && part >= 0 && part % 2 == 0 && part <= size / heads) return;
    fail(ErrorCode::invalid_input, "tensor {}: {} rows are not {} heads of an even size",
         printable(tensor.name), size, heads);
}

void read_interleaved_vector(const SourceTensor& tensor, float* out) {
    const int64_t size = tensor.columns();
    check_interleaving(tensor, size);
    std::vector<float> stored(static_cast<size_t>(size));
    dequantize(tensor.type, tensor.bytes.data(), size, stored.data());
    for (int64_t i = 0; i < size; ++i) {
        out[i] = stored[static_cast<size_t>(interleaved_index(tensor, i, size))];
    }
}

void read_stored_rows(const SourceTensor& tensor, int64_t begin, int64_t end, float* out) {
    const int64_t rows = tensor.rows();
    const int64_t columns = tensor.columns();
    if (begin < 0 || end < begin || end > rows) {
        fail(ErrorCode::internal, "tensor {}: rows {} to {} of {}", printable(tensor.name), begin, end, rows);
    }
    if (tensor.packed != nullptr) {
        if (begin < end) tensor.packed->read(begin + tensor.packed_row, end + tensor.packed_row, out);
        return;
    }
    const BlockLayout block = block_layout(tensor.type);
    const int64_t row_bytes = columns / block.elements * block.bytes;
    if (columns % block.elements != 0 || static_cast<uint64_t>(row_bytes * rows) != tensor.bytes.size()) {
        fail(ErrorCode::internal, "tensor {}: {} bytes do not hold {} x {} of {}", printable(tensor.name),
             tensor.bytes.size(), rows, columns, source_type_name(tensor.type));
    }
    if (begin == end || columns == 0) return;
    const std::byte* data = tensor.bytes.data();
    if (tensor.interleaved_heads == 0) {
        dequantize(tensor.type, data + begin * row_bytes, (end - begin) * columns, out);
        return;
    }
    if (tensor.shape.size() < 2) return read_interleaved_vector(tensor, out);
    check_interleaving(tensor, rows);
    for (int64_t row = begin; row < end; ++row, out += columns) {
        const int64_t stored = interleaved_index(tensor, row, rows);
        dequantize(tensor.type, data + stored * row_bytes, columns, out);
    }
}

}  // namespace

void read_rows(const SourceTensor& tensor, int64_t begin, int64_t end, float* out) {
    read_stored_rows(tensor, begin, end, out);
    if (tensor.offset == 0) return;
    for (int64_t i = 0; i < (end - begin) * tensor.columns(); ++i)
        out[i] += tensor.offset;
}

}  // namespace ovenbird
