#pragma once
// A rotation of vectors that spreads what stands out over all places (QuaRot, Ashkboos et al.,
// arXiv:2404.00456): signs, a Hadamard matrix of the size's power of two, and an orthogonal block for the
// rest.

#include <cstdint>
#include <vector>

namespace ovenbird {

/// R [size, size], orthogonal, drawn from a seed: the same on every machine to the last bits of f32.
class Rotation {
public:
    Rotation(int64_t size, uint64_t seed);
    int64_t size() const { return size_; }

    /// Each of `rows` rows x of [rows, size] becomes x R. Thread-safe.
    void turn_rows(float* x, int64_t rows) const;
    /// Each column c of x [size, columns], taken as a row, becomes c R: x becomes Rᵀ x. On all cores.
    void turn_columns(float* x, int64_t columns) const;

private:
    void turn_lanes(float* x, int64_t stride, int64_t lanes) const;

    int64_t size_;
    int64_t power_;             // of two, the part that the Hadamard matrix has
    int64_t rest_;              // size_ / power_, odd
    std::vector<float> signs_;  // [size_], times 1 / sqrt(power_)
    std::vector<float> block_;  // [rest_, rest_], orthogonal
};

}  // namespace ovenbird
