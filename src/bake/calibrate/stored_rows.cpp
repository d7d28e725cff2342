#include "bake/calibrate/stored_rows.hpp"

#include <algorithm>
#include <cstring>
#include <openvino/core/type/float16.hpp>

namespace ovenbird {
namespace {

// The low half of a byte holds the earlier value.
void put_nibble(std::byte* bytes, size_t at, int value) {
    auto& byte = bytes[at / 2];
    const auto nibble = static_cast<std::byte>(value & 0x0f);
    byte = at % 2 == 0 ? (byte & std::byte{0xf0}) | nibble : (byte & std::byte{0x0f}) | (nibble << 4);
}

int nibble_at(const std::byte* bytes, size_t at, bool is_signed) {
    const auto byte = std::to_integer<int>(bytes[at / 2]);
    const int nibble = at % 2 == 0 ? byte & 0x0f : byte >> 4;
    return is_signed && nibble > 7 ? nibble - 16 : nibble;
}

int byte_at(const std::byte* bytes, size_t at, bool is_signed) {
    const auto byte = std::to_integer<int>(bytes[at]);
    return is_signed && byte > 127 ? byte - 256 : byte;
}

void put(const QuantFormat& format, std::byte* bytes, size_t at, int value) {
    if (format.bits == 4) return put_nibble(bytes, at, value);
    bytes[at] = static_cast<std::byte>(value & 0xff);
}

int get(const QuantFormat& format, const std::byte* bytes, size_t at) {
    const bool is_signed = has_signed_codes(format);
    return format.bits == 4 ? nibble_at(bytes, at, is_signed) : byte_at(bytes, at, is_signed);
}

float half_at(const std::byte* bytes, size_t at) {
    ov::float16 value;
    std::memcpy(&value, bytes + at * sizeof value, sizeof value);
    return value;
}

}  // namespace

void store_rows(const QuantFormat& format, const GptqRows& rows, int64_t begin, int64_t columns,
                const QuantTarget& target) {
    const auto wide = static_cast<size_t>(columns);
    const size_t group = format.group_size == 0 ? wide : static_cast<size_t>(format.group_size);
    const size_t groups = wide / group;
    const auto first = static_cast<size_t>(begin);
    // Unsigned codes end at 0, signed ones with a zero point are those less half their range.
    const int half = has_signed_codes(format) ? (format.bits == 4 ? 8 : 128) : 0;
    for (size_t i = 0; i < rows.scales.size(); ++i) {
        const ov::float16 scale(rows.scales[i]);
        std::memcpy(target.scales.data() + (first * groups + i) * sizeof scale, &scale, sizeof scale);
        if (!format.symmetric)
            put(format, target.zero_points.data(), first * groups + i, -rows.lowest[i] - half);
    }
    for (size_t i = 0; i < rows.codes.size(); ++i) {
        const int zero_point = format.symmetric ? 0 : -rows.lowest[i / group] - half;
        put(format, target.weights.data(), first * wide + i, rows.codes[i] + zero_point);
    }
}

void load_rows(const StoredTensor& tensor, int64_t begin, int64_t end, float* out) {
    const auto wide = static_cast<size_t>(tensor.columns);
    const size_t first = static_cast<size_t>(begin) * wide;
    const size_t count = static_cast<size_t>(end - begin) * wide;
    if (tensor.store == Store::f32) {
        std::memcpy(out, tensor.weights + first * sizeof(float), count * sizeof(float));
        return;
    }
    if (tensor.store == Store::f16) {
        for (size_t i = 0; i < count; ++i)
            out[i] = half_at(tensor.weights, first + i);
        return;
    }
    const QuantFormat& format = tensor.format;
    const size_t group = format.group_size == 0 ? wide : static_cast<size_t>(format.group_size);
    for (size_t i = 0; i < count; i += group) {
        const size_t own = (first + i) / group;
        const float scale = half_at(tensor.scales, own);
        const int zero_point = tensor.zero_points == nullptr ? 0 : get(format, tensor.zero_points, own);
        for (size_t k = i; k < i + group; ++k)
            out[k] = static_cast<float>(get(format, tensor.weights, first + k) - zero_point) * scale;
    }
}

}  // namespace ovenbird
