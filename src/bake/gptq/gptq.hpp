#pragma once
// Weights rounded so that what their matrix says of real inputs changes least (GPTQ, Frantar et al.,
// arXiv:2210.17323), with scales that know what rounding can repair, and coordinate descent behind it.

#include <cstdint>
#include <functional>
#include <vector>

#include "bake/quantize/quantize.hpp"

namespace ovenbird {

/// How much work a matrix is worth.
struct GptqEffort {
    /// Each row's scales, times these, are tried through the whole of GPTQ; the best is kept.
    std::vector<float> scale_factors{1.0F};
    int sweeps = 0;  // of coordinate descent, each behind a fit of the scales
};

/// What the inputs of matrices say: they share it when they read the same values.
class InputStatistics {
public:
    explicit InputStatistics(int64_t size);
    int64_t size() const { return size_; }
    int64_t rows() const { return rows_; }
    /// x [rows, size]: inputs as the quantised layers before give them; original: as the float ones give
    /// them.
    void add(const float* x, const float* original, int64_t rows);
    /// The same, of matrices with `outputs` rows whose result is added to something that is not what it
    /// should be: `lack` [rows, outputs] is what is missing there.
    void add_lack(const float* x, const float* lack, int64_t rows, int64_t outputs);
    /// To be called once, behind the last add(). False when there is nothing to go by: too few rows, or all
    /// of them 0. `damping` is what the diagonal's mean was multiplied by, raised until the factors exist.
    bool settle(double& damping);

    /// w [rows, size] becomes what makes of `x` what w makes of `original`, as far as a ridge regression
    /// dares (GPTAQ, arXiv:2504.02692): w + w (originalᵀ x - xᵀ x) (xᵀ x + ridge)⁻¹.
    /// `first`: the first of the rows, in the matrix.
    void move_target(float* w, int64_t first, int64_t rows) const;

    const float* hessian() const { return hessian_.data(); }  // xᵀ x / rows, damped
    const float* factor() const { return factor_.data(); }    // upper U, columns in order(): H⁻¹ = Uᵀ U
    const std::vector<int32_t>& order() const { return order_; }

private:
    int64_t size_;
    int64_t rows_ = 0;
    std::vector<float> hessian_;
    std::vector<float> cross_;   // originalᵀ x, then (originalᵀ x - xᵀ x) / rows
    std::vector<float> lack_;    // lackᵀ x: [outputs, size]
    std::vector<float> ridged_;  // L of xᵀ x + ridge
    std::vector<float> factor_;
    std::vector<int32_t> order_;  // columns, falling diagonal
};

/// Codes and scales of some rows.
struct GptqRows {
    std::vector<int16_t> codes;   // [rows, columns], n of w ≈ n * scale: zero points are taken out
    std::vector<float> scales;    // [rows, groups], as f16 holds them
    std::vector<int16_t> lowest;  // [rows, groups], of n
    double squared_error = 0;     // of the outputs, over the rows: Σ (w - q) H (w - q)ᵀ
    double squared_values = 0;    // Σ w H wᵀ
};

/// At most kGptqRows rows of a matrix [rows, statistics.size()], its target in `w`. One thread's work, the
/// same whatever the rows beside them. `judges`: fill in the errors, too, which costs as much as a sweep.
GptqRows quantise_rows(const QuantFormat& format, const GptqEffort& effort, const InputStatistics& statistics,
                       const float* w, int64_t rows, bool judges = true);

}  // namespace ovenbird
