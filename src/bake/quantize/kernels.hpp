#pragma once
// The loops of compression that must be fast, compiled once for each instruction set and chosen at run time.

#include <cstdint>
#include <span>

namespace ovenbird {

/// Consecutive groups of `size` values each, and where their compressed form goes.
struct GroupRun {
    const float* values;
    int64_t groups;
    int64_t size;
    int bits;
    bool symmetric;
    bool search;
    uint8_t* weights;      // groups * size * bits / 8 bytes; 4-bit values packed, the earlier in the low half
    uint8_t* scales;       // f16, one a group
    uint8_t* zero_points;  // one byte a group, not packed; null when symmetric
};

struct RunResult {
    double squared_error;
    float largest_scale;  // above f16's 65504 the compressed values are meaningless
};

/// One instruction set's loops. All of them give the same bits.
struct Kernels {
    const char* name;
    /// `tile` is scratch space for 16 * size floats.
    RunResult (*compress_groups)(const GroupRun& run, float* tile);
    int64_t (*find_non_finite)(const float* values, int64_t count);
    /// Returns false when a value is beyond ±65504 or not a number.
    bool (*to_f16)(const float* values, int64_t count, uint8_t* out);
};

/// Those that this processor can run, the fastest last; never empty.
std::span<const Kernels> runnable_kernels();

}  // namespace ovenbird
