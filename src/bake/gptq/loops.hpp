#pragma once
// The inner loops of GPTQ, compiled once for each instruction set. Weights lie by columns: `kRows` rows of
// one column behind each other, so that each vector is one column of many rows.

#include <cstdint>
#include <span>

namespace ovenbird {

/// Rows that are worked on together.
inline constexpr int64_t kGptqRows = 128;

/// What kGptqRows rows of one group are stored with: w ≈ n * scale, n in [lowest, highest].
struct RowScales {
    float scale[kGptqRows];
    float lowest[kGptqRows];
    float highest[kGptqRows];
};

/// One instruction set's loops. All of them give the same bits.
struct GptqLoops {
    const char* name;
    /// Columns of one group, one behind the other: chooses the scales of least error, each column's weighed
    /// by `weights`. Arrays are [columns][kGptqRows].
    void (*search)(const float* const* columns, const float* weights, int64_t count, int bits, bool symmetric,
                   RowScales& best);
    /// Rounds `count` columns in order and takes each one's error out of those behind it. `factor` is the
    /// upper triangle [count, count] with rows `stride` apart. Adds to loss what rounding cost.
    void (*round_block)(float* columns, int64_t count, const float* factor, int64_t stride,
                        const RowScales* const* scales, float* codes, float* errors, float* loss);
    /// One sweep of coordinate descent: each column's codes move to where the error is least. `gradient` is
    /// H (w - n scale) of these columns and is kept up to date, `residual` is w - n scale.
    void (*descend_block)(float* gradient, int64_t count, const float* hessian, int64_t stride,
                          const RowScales* const* scales, float* codes, float* residual);
    /// sums[r] += Σ a[c][r] b[c][r].
    void (*dot)(const float* a, const float* b, int64_t count, float* sums);
};

/// Those that this processor can run, the fastest last; never empty.
std::span<const GptqLoops> runnable_gptq_loops();
/// The fastest of them.
const GptqLoops& gptq_loops();

/// The nearest scale that f16 holds, never 0.
float storable_scale(float scale);

}  // namespace ovenbird
