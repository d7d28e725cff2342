#pragma once
// Codes that lie transposed, an input's weights side by side, as GPTQ and AWQ have them.

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "bake/source/packed_parts.hpp"
#include "bake/source/packed_weight.hpp"

namespace ovenbird {

/// The matrix [rows, columns] is that of outputs and inputs; the file has its transpose in words of 32 bits.
struct PackedColumns {
    std::string type_name;
    int bits = 4;  // 2, 4 or 8
    int64_t rows = 0;
    int64_t columns = 0;
    int64_t groups = 0;
    /// True: a word holds consecutive columns of one row ([columns / n, rows]); false: n rows of one column
    /// ([columns, rows / n]), each where `shifts` says.
    bool words_along_columns = true;
    std::span<const std::byte> codes;
    const StoredPart* scales = nullptr;       // [groups, rows] of F16, BF16 or F32
    const StoredPart* zero_points = nullptr;  // [groups, rows / n]; null: the middle of the codes
    uint32_t zero_point_add = 0;              // to each word
    std::array<uint8_t, 16> shifts{};         // of the rows in a word (32 / bits of them)
    int64_t group_size = 0;                   // columns of a group, where `group_of` is empty
    std::vector<int32_t> group_of;            // of each column
};

/// The caller has checked sizes and groups; `rows` is a multiple of 32 / bits, as `columns` is where words
/// lie along them.
std::shared_ptr<const PackedWeight> make_packed_columns(const PackedColumns& parts);

}  // namespace ovenbird
