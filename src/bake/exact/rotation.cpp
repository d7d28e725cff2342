#include "bake/exact/rotation.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

#include "base/parallel.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kLanes = 64;  // columns that are turned together

double uniform(std::mt19937_64& engine) {
    return (static_cast<double>(engine() >> 11) + 0.5) * 0x1p-53;
}

// Box and Muller: the standard library's own distribution is not the same everywhere.
double normal(std::mt19937_64& engine) {
    const double radius = std::sqrt(-2.0 * std::log(uniform(engine)));
    return radius * std::cos(2.0 * std::numbers::pi * uniform(engine));
}

// Rows of normal numbers, made orthonormal one after the other (twice: once leaves rounding behind).
std::vector<float> orthogonal_block(int64_t size, std::mt19937_64& engine) {
    const auto count = static_cast<size_t>(size);
    std::vector<double> rows(count * count);
    for (double& value : rows)
        value = normal(engine);
    for (size_t row = 0; row < count; ++row) {
        double* const own = &rows[row * count];
        for (int pass = 0; pass < 2; ++pass) {
            for (size_t before = 0; before < row; ++before) {
                const double* const other = &rows[before * count];
                double along = 0;
                for (size_t i = 0; i < count; ++i)
                    along += own[i] * other[i];
                for (size_t i = 0; i < count; ++i)
                    own[i] -= along * other[i];
            }
        }
        double length = 0;
        for (size_t i = 0; i < count; ++i)
            length += own[i] * own[i];
        length = std::sqrt(length);
        for (size_t i = 0; i < count; ++i)
            own[i] /= length;
    }
    return {rows.begin(), rows.end()};
}

}  // namespace

Rotation::Rotation(int64_t size, uint64_t seed) : size_(size), power_(size & -size), rest_(size / power_) {
    std::mt19937_64 engine(seed);
    const auto length = static_cast<float>(1.0 / std::sqrt(static_cast<double>(power_)));
    signs_.resize(static_cast<size_t>(size));
    for (float& sign : signs_)
        sign = (engine() >> 63) != 0 ? length : -length;
    block_ = rest_ == 1 ? std::vector<float>{1.0F} : orthogonal_block(rest_, engine);
}

// Vectors that lie side by side: element i of vector v is x[i * stride + v].
void Rotation::turn_lanes(float* x, int64_t stride, int64_t lanes) const {
    for (int64_t i = 0; i < size_; ++i)
        for (int64_t lane = 0; lane < lanes; ++lane)
            x[i * stride + lane] *= signs_[static_cast<size_t>(i)];
    for (int64_t half = rest_; half < size_; half *= 2) {
        for (int64_t first = 0; first < size_; first += 2 * half) {
            for (int64_t i = first; i < first + half; ++i) {
                float* const one = x + i * stride;
                float* const other = x + (i + half) * stride;
                for (int64_t lane = 0; lane < lanes; ++lane) {
                    const float sum = one[lane] + other[lane];
                    other[lane] = one[lane] - other[lane];
                    one[lane] = sum;
                }
            }
        }
    }
    if (rest_ == 1) return;
    std::vector<float> turned(static_cast<size_t>(rest_ * lanes));
    for (int64_t first = 0; first < size_; first += rest_) {
        std::fill(turned.begin(), turned.end(), 0.0F);
        for (int64_t from = 0; from < rest_; ++from) {
            const float* const value = x + (first + from) * stride;
            for (int64_t to = 0; to < rest_; ++to) {
                const float share = block_[static_cast<size_t>(from * rest_ + to)];
                float* const sum = &turned[static_cast<size_t>(to * lanes)];
                for (int64_t lane = 0; lane < lanes; ++lane)
                    sum[lane] += share * value[lane];
            }
        }
        for (int64_t to = 0; to < rest_; ++to)
            std::copy_n(&turned[static_cast<size_t>(to * lanes)], lanes, x + (first + to) * stride);
    }
}

void Rotation::turn_rows(float* x, int64_t rows) const {
    // Side by side first: vectors of the loops are then many rows, whatever the size's factors.
    std::vector<float> tile(static_cast<size_t>(size_ * kLanes));
    for (int64_t first = 0; first < rows; first += kLanes) {
        const int64_t lanes = std::min(kLanes, rows - first);
        float* const own = x + first * size_;
        for (int64_t lane = 0; lane < lanes; ++lane)
            for (int64_t i = 0; i < size_; ++i)
                tile[static_cast<size_t>(i * lanes + lane)] = own[lane * size_ + i];
        turn_lanes(tile.data(), lanes, lanes);
        for (int64_t lane = 0; lane < lanes; ++lane)
            for (int64_t i = 0; i < size_; ++i)
                own[lane * size_ + i] = tile[static_cast<size_t>(i * lanes + lane)];
    }
}

void Rotation::turn_columns(float* x, int64_t columns) const {
    parallel_for(static_cast<size_t>((columns + kLanes - 1) / kLanes), [&](size_t i) {
        const int64_t first = static_cast<int64_t>(i) * kLanes;
        turn_lanes(x + first, columns, std::min(kLanes, columns - first));
    });
}

}  // namespace ovenbird
