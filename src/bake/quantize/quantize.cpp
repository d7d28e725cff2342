#include "bake/quantize/quantize.hpp"

#include <vector>

#include "bake/quantize/kernels.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

const Kernels& fastest() {
    return runnable_kernels().back();
}

uint64_t product(uint64_t a, uint64_t b, const char* what) {
    uint64_t result = 0;
    if (__builtin_mul_overflow(a, b, &result) || result > static_cast<uint64_t>(INT64_MAX)) {
        fail(ErrorCode::invalid_input, "{} × {} {} are more than a matrix can have", a, b, what);
    }
    return result;
}

/// Groups [begin, …) of the matrix, one zero point a byte, to packed nibbles.
void pack_zero_points(const std::vector<uint8_t>& zero_points, uint8_t* packed) {
    for (size_t at = 0; at < zero_points.size(); at += 2) {
        const int high = at + 1 < zero_points.size() ? zero_points[at + 1] : 0;
        packed[at / 2] = static_cast<uint8_t>(zero_points[at] | (high << 4));
    }
}

// Unsigned codes less 8 (128), as two's complement: the top bit turned over.
void make_signed(uint8_t* codes, uint64_t bytes, int bits) {
    const uint8_t top = bits == 4 ? 0x88 : 0x80;
    for (uint64_t at = 0; at < bytes; ++at)
        codes[at] ^= top;
}

uint8_t* bytes_at(std::span<std::byte> bytes, uint64_t offset, uint64_t count, const char* what) {
    if (offset > bytes.size() || count > bytes.size() - offset) {
        fail(ErrorCode::internal, "{} bytes at {} of {} do not fit into {}", count, offset, what,
             bytes.size());
    }
    return reinterpret_cast<uint8_t*>(bytes.data() + offset);
}

}  // namespace

QuantLayout quant_layout(const QuantFormat& format, int64_t rows, int64_t columns) {
    if (format.bits != 4 && format.bits != 8) {
        fail(ErrorCode::invalid_input, "weights of {} bits: only 4 and 8 can be compressed to", format.bits);
    }
    if (rows <= 0 || columns <= 0 || format.group_size < 0) {
        fail(ErrorCode::invalid_input, "a matrix of {} × {} in groups of {} cannot be compressed", rows,
             columns, format.group_size);
    }
    const int64_t size = format.group_size == 0 ? columns : format.group_size;
    if (columns % size != 0) {
        fail(ErrorCode::invalid_input, "{} columns are not divisible by groups of {}", columns, size);
    }
    if (format.bits == 4 && size % 2 != 0) {
        fail(ErrorCode::invalid_input,
             "groups of {} columns: two 4-bit values share a byte, so the number must be even", size);
    }
    const uint64_t weights = product(static_cast<uint64_t>(rows), static_cast<uint64_t>(columns), "weights");
    const int64_t groups_per_row = columns / size;
    const uint64_t groups = weights / static_cast<uint64_t>(size);
    QuantLayout layout{};
    layout.groups_per_row = groups_per_row;
    layout.weight_bytes = format.bits == 4 ? weights / 2 : weights;
    layout.scale_bytes = product(groups, 2, "bytes of scales");
    if (!format.symmetric) layout.zero_point_bytes = format.bits == 4 ? (groups + 1) / 2 : groups;
    return layout;
}

double quantize_rows(const QuantFormat& format, ScaleChoice choice, const float* values, int64_t begin,
                     int64_t end, int64_t columns, const QuantTarget& target) {
    if (begin < 0 || end < begin || begin % quant_row_step(format, columns) != 0) {
        fail(ErrorCode::internal, "rows {} to {} cannot be compressed on their own", begin, end);
    }
    if (begin == end) return 0;
    const QuantLayout layout = quant_layout(format, end, columns);
    const int64_t size = columns / layout.groups_per_row;
    const auto first_group = static_cast<uint64_t>(begin * layout.groups_per_row);
    const auto groups = static_cast<uint64_t>((end - begin) * layout.groups_per_row);
    const uint64_t first_byte =
        layout.weight_bytes / static_cast<uint64_t>(end) * static_cast<uint64_t>(begin);

    thread_local std::vector<float> tile;
    tile.resize(16 * static_cast<size_t>(size));
    std::vector<uint8_t> zero_points(format.symmetric ? 0 : groups);
    GroupRun run{};
    run.values = values;
    run.groups = static_cast<int64_t>(groups);
    run.size = size;
    run.bits = format.bits;
    run.symmetric = format.symmetric;
    // INT8 loses too little for a search to be worth its time.
    run.search = choice == ScaleChoice::search && format.bits == 4;
    run.weights = bytes_at(target.weights, first_byte, layout.weight_bytes - first_byte, "weights");
    run.scales = bytes_at(target.scales, 2 * first_group, 2 * groups, "scales");
    run.zero_points = zero_points.data();
    const RunResult result = fastest().compress_groups(run, tile.data());
    if (result.largest_scale > 65504.0F) {
        fail(ErrorCode::unsupported,
             "the values are so large that a scale of {} would be needed; f16 ends at 65504",
             result.largest_scale);
    }
    if (format.symmetric) return result.squared_error;
    const uint64_t packed_first = format.bits == 4 ? first_group / 2 : first_group;
    const uint64_t packed_count = format.bits == 4 ? (groups + 1) / 2 : groups;
    uint8_t* const packed = bytes_at(target.zero_points, packed_first, packed_count, "zero points");
    if (format.bits == 4) {
        pack_zero_points(zero_points, packed);
    } else {
        std::copy(zero_points.begin(), zero_points.end(), packed);
    }
    if (has_signed_codes(format)) {
        make_signed(run.weights, layout.weight_bytes - first_byte, format.bits);
        make_signed(packed, packed_count, format.bits);
    }
    return result.squared_error;
}

int64_t quant_row_step(const QuantFormat& format, int64_t columns) {
    const bool packs_zero_points = format.bits == 4 && !format.symmetric;
    const int64_t groups_per_row = format.group_size == 0 ? 1 : columns / format.group_size;
    return packs_zero_points && groups_per_row % 2 != 0 ? 2 : 1;
}

int64_t find_non_finite(std::span<const float> values) {
    return fastest().find_non_finite(values.data(), static_cast<int64_t>(values.size()));
}

int64_t fitting_group_size(int64_t columns, int64_t wanted) {
    constexpr int64_t kSmallest = 16;
    if (wanted <= 0 || columns <= 0) return 0;
    if (columns % wanted == 0) return wanted;
    int64_t size = kSmallest;
    if (size >= wanted || columns % size != 0) return 0;
    while (size < wanted / 2 + wanted % 2 && columns % (2 * size) == 0)
        size *= 2;
    return size;
}

void to_f16(std::span<const float> values, std::byte* out) {
    if (fastest().to_f16(values.data(), static_cast<int64_t>(values.size()), reinterpret_cast<uint8_t*>(out)))
        return;
    for (const float value : values) {
        if (!(value >= -65504.0F && value <= 65504.0F)) {
            fail(ErrorCode::unsupported, "{} is beyond what f16 holds, ±65504", value);
        }
    }
}

}  // namespace ovenbird
