#pragma once
// Data-free weight compression: rows of floats in, OpenVINO's compressed layout out.

#include <cstddef>
#include <cstdint>
#include <span>

namespace ovenbird {

/// One weight matrix's compressed form. INT4 and INT8; groups run along the columns.
struct QuantFormat {
    int bits = 4;            // 4 or 8
    bool symmetric = true;   // signed, no zero point; else unsigned with one zero point a group
    int64_t group_size = 0;  // columns that share a scale; 0: the whole row (per channel)

    bool operator==(const QuantFormat&) const = default;
};

/// Whether the weights and zero points are stored signed: [-8, 7] or [-128, 127], the form that NPUs keep
/// compressed. Asymmetric groups are stored unsigned, the form that CPUs and GPUs know.
inline bool has_signed_codes(const QuantFormat& format) {
    return format.symmetric || format.group_size == 0;
}

/// What a compressed matrix of rows × columns takes.
struct QuantLayout {
    int64_t groups_per_row;
    uint64_t weight_bytes;  // rows * columns * bits / 8; two 4-bit values a byte, the earlier in the low half
    uint64_t scale_bytes;   // f16, rows * groups
    uint64_t zero_point_bytes;  // same type as the weights, rows * groups, packed; 0 when symmetric
};
/// `columns` must be even for 4 bits and divisible by the group size (checked: Error invalid_input). For
/// 4-bit zero points rows * groups is rounded up to whole bytes over the whole matrix.
QuantLayout quant_layout(const QuantFormat& format, int64_t rows, int64_t columns);

/// Where the compressed rows go: pointers to the start of the matrix, not of the rows.
struct QuantTarget {
    std::span<std::byte> weights;
    std::span<std::byte> scales;
    std::span<std::byte> zero_points;
};

/// How scales are chosen. `search` minimises the squared error over candidates, with the scale already
/// rounded to f16 as it will be stored; plain takes the largest magnitude.
enum class ScaleChoice { plain, search };

/// Compresses rows [begin, end) of a matrix with `columns` columns; `values` holds just those rows. Rows may
/// be compressed on several threads as long as begin is a multiple of quant_row_step() (4-bit zero points
/// share bytes). Returns the sum of squared errors. Weights are w ≈ (q - zero_point) * scale, q in [-8,7] or
/// [0,15]
/// ([-128,127] or [0,255]), q and zero point less 8 (128) where has_signed_codes(). All-zero groups get
/// scale 1... any finite scale > 0 and q = 0 (or the zero point). `values` must be finite: the caller checks
/// with find_non_finite(). Groups whose scale would leave f16's range are an Error (unsupported).
double quantize_rows(const QuantFormat& format, ScaleChoice choice, const float* values, int64_t begin,
                     int64_t end, int64_t columns, const QuantTarget& target);

/// Rows per work item that keep 4-bit zero points of different items in different bytes.
int64_t quant_row_step(const QuantFormat& format, int64_t columns);

/// Index of the first NaN or infinity, or -1.
int64_t find_non_finite(std::span<const float> values);

/// The largest power of two that is below `wanted` and divides `columns`, or `wanted` itself when that
/// divides; 0 (per channel) when no group of at least 16 fits. (576 columns, 128 wanted: 64.)
int64_t fitting_group_size(int64_t columns, int64_t wanted);

/// Floats to f16 with rounding to nearest even; values beyond ±65504 are an Error (unsupported).
void to_f16(std::span<const float> values, std::byte* out);

}  // namespace ovenbird
