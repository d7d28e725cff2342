#pragma once
// A tensor as a weight file's header tells of it.

#include <cstdint>
#include <string>
#include <vector>

#include "bake/source/checkpoint.hpp"

namespace ovenbird {

/// `name` is the file's own; `shape` is outermost first. `begin` and `end` are bytes from the start of the
/// file.
struct StoredTensor {
    std::string name;
    SourceType type = SourceType::f32;
    std::vector<int64_t> shape;
    uint64_t begin = 0;
    uint64_t end = 0;
};

}  // namespace ovenbird
