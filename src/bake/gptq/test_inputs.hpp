#pragma once
// Random matrices as layers have them, and plain computations beside the room's own. For tests only.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "bake/quantize/quantize.hpp"

namespace ovenbird {

inline size_t place(int64_t row, int64_t columns, int64_t column) {
    return static_cast<size_t>(row * columns + column);
}

/// [rows, columns], normal, or heavy-tailed for few degrees of freedom.
inline std::vector<float> random_matrix(int64_t rows, int64_t columns, uint32_t seed, float freedom = 1e6F) {
    std::mt19937 random(seed);
    std::student_t_distribution<float> values(freedom);
    std::vector<float> matrix(static_cast<size_t>(rows * columns));
    for (float& value : matrix)
        value = values(random);
    return matrix;
}

/// Inputs [rows, columns] that depend on each other, some columns far larger than others.
inline std::vector<float> correlated_inputs(int64_t rows, int64_t columns, uint32_t seed) {
    const int64_t hidden = std::max<int64_t>(1, columns / 4);
    const auto causes = random_matrix(rows, hidden, seed);
    const auto shares = random_matrix(hidden, columns, seed + 1);
    auto inputs = random_matrix(rows, columns, seed + 2);
    for (int64_t row = 0; row < rows; ++row) {
        for (int64_t column = 0; column < columns; ++column) {
            float& value = inputs[place(row, columns, column)];
            for (int64_t i = 0; i < hidden; ++i)
                value += causes[place(row, hidden, i)] * shares[place(i, columns, column)];
            if (column % 29 == 3) value *= 10.0F;
        }
    }
    return inputs;
}

/// aᵀ b for [rows, size] both.
inline std::vector<double> plain_cross(const std::vector<float>& a, const std::vector<float>& b, int64_t rows,
                                       int64_t size) {
    std::vector<double> product(static_cast<size_t>(size * size));
    for (int64_t row = 0; row < rows; ++row)
        for (int64_t i = 0; i < size; ++i)
            for (int64_t j = 0; j < size; ++j)
                product[place(i, size, j)] +=
                    static_cast<double>(a[place(row, size, i)]) * static_cast<double>(b[place(row, size, j)]);
    return product;
}

/// Compressed rows, decoded by what quantize.hpp says of the layout.
struct CompressedRows {
    QuantFormat format;
    int64_t rows;
    int64_t columns;
    std::vector<std::byte> weights, scales, zero_points;

    CompressedRows(const QuantFormat& own, int64_t row_count, int64_t column_count)
        : format(own), rows(row_count), columns(column_count) {
        const QuantLayout layout = quant_layout(format, rows, columns);
        weights.resize(layout.weight_bytes);
        scales.resize(layout.scale_bytes);
        zero_points.resize(layout.zero_point_bytes);
    }
    QuantTarget target() { return {weights, scales, zero_points}; }

    static float half(const std::vector<std::byte>& bytes, size_t at) {
        const int bits = std::to_integer<int>(bytes[2 * at]) | std::to_integer<int>(bytes[2 * at + 1]) << 8;
        const int exponent = (bits >> 10) & 31;
        const auto digits = static_cast<float>(bits & 1023);
        const float size =
            exponent == 0 ? std::ldexp(digits, -24) : std::ldexp(digits + 1024.0F, exponent - 25);
        return (bits & 0x8000) != 0 ? -size : size;
    }
    int code(const std::vector<std::byte>& bytes, size_t at) const {
        const bool four = format.bits == 4;
        const int byte = std::to_integer<int>(bytes[four ? at / 2 : at]);
        const int value = !four ? byte : at % 2 == 0 ? byte % 16 : byte / 16;
        const int levels = four ? 16 : 256;
        return has_signed_codes(format) && value >= levels / 2 ? value - levels : value;
    }
    std::vector<float> values() const {
        std::vector<float> decoded(static_cast<size_t>(rows * columns));
        const auto group = static_cast<size_t>(format.group_size == 0 ? columns : format.group_size);
        for (size_t i = 0; i < decoded.size(); ++i) {
            const int zero = format.symmetric ? 0 : code(zero_points, i / group);
            decoded[i] = static_cast<float>(code(weights, i) - zero) * half(scales, i / group);
        }
        return decoded;
    }
};

}  // namespace ovenbird
