#pragma once
// A matrix that its file holds as codes with scales beside them: one SourceTensor, read row by row.

#include <cstdint>
#include <memory>
#include <string>

#include "bake/source/checkpoint.hpp"

namespace ovenbird {

/// The codes and companions of one matrix [rows, columns]. They point into mapped files and were checked
/// when this was made; nothing of the matrix's size is held.
class PackedWeight {
public:
    virtual ~PackedWeight() = default;
    /// "fp8", "awq4", …: the method and the bits of a code.
    virtual const std::string& type_name() const = 0;
    /// Whether a row's codes lie behind each other, so that they are done with when the row was read.
    virtual bool rows_in_order() const = 0;
    /// Rows [begin, end), which the matrix has, as f32: (code - zero point) * scale, each step rounded on its
    /// own. Thread-safe.
    virtual void read(int64_t begin, int64_t end, float* out) const = 0;
};

}  // namespace ovenbird
