#pragma once
// Codes that lie row by row, as compressed-tensors and FP8 checkpoints have them.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bake/source/packed_parts.hpp"
#include "bake/source/packed_weight.hpp"

namespace ovenbird {

/// What a code of so many bits stands for: 2^bits values. A byte's first code is in its low bits.
struct CodeTable {
    int bits;
    const float* values;
};
enum class CodeKind { i8, offset2, offset4, offset8, e4m3, e5m2, e2m1 };
/// offset…: unsigned, with the middle at zero; e…: the small floats of OCP's FP8 and MX specifications.
CodeTable code_table(CodeKind kind);
/// e8m0, a power of two: the scales of MX formats; 255 is NaN.
float e8m0_value(uint8_t code);

/// A scale for each `rows_each` by `columns_each` values.
struct ScaleGrid {
    const StoredPart* scales = nullptr;  // of F32, F16, BF16, F8_E4M3 or U8 (e8m0)
    int64_t columns = 1;                 // of the grid
    int64_t rows_each = 1;
    int64_t columns_each = 1;
    float divisor = 1;  // of every scale
};

/// Zero points on the grid's places: I8, one for all or one each; or codes packed along the rows, where
/// `bits` > 0.
struct ZeroPoints {
    const StoredPart* points = nullptr;
    int bits = 0;
};

struct PackedRows {
    std::string type_name;
    CodeKind kind = CodeKind::i8;
    int64_t rows = 0;
    int64_t columns = 0;
    const StoredPart* codes = nullptr;  // rows of whole bytes: bytes.size() / rows each
    ScaleGrid grid;
    ZeroPoints zero_points;
    std::vector<int32_t> group_of;  // of each column, in place of columns_each; empty: in order
};

/// The caller has checked that codes, scales, zero points and groups are as many as shape and grid say.
std::shared_ptr<const PackedWeight> make_packed_rows(const PackedRows& parts);

/// A scale, or any number of a part, as f32. Types as in ScaleGrid.
float number_at(const StoredPart& part, int64_t index);

/// The groups of columns in `part` (I32, one a column), each from 0 to below `groups`.
std::vector<int32_t> read_groups(const ModuleParts& module, const StoredPart& part, int64_t columns,
                                 int64_t groups);

}  // namespace ovenbird
