#include <algorithm>
#include <cmath>
#include <numeric>

#include "bake/gptq/gptq.hpp"
#include "bake/gptq/linear_algebra.hpp"
#include "base/parallel.hpp"

namespace ovenbird {
namespace {

// What the diagonal's mean is multiplied by before it is added to the diagonal.
constexpr double kDamping = 0.01;
constexpr double kMostDamping = 10.0;
// A weaker one follows the calibration text and hurts other texts.
constexpr double kRidge = 0.3;
constexpr int64_t kFewestRows = 64;
// Of what the stream lacks: more follows the calibration text, too.
constexpr float kLackShare = 0.5F;

size_t area(int64_t size) {
    return static_cast<size_t>(size) * static_cast<size_t>(size);
}

double mean_diagonal(const std::vector<float>& matrix, int64_t size) {
    double sum = 0;
    for (int64_t i = 0; i < size; ++i)
        sum += static_cast<double>(matrix[static_cast<size_t>(i * size + i)]);
    return sum / static_cast<double>(size);
}

void add_to_diagonal(std::vector<float>& matrix, int64_t size, double value) {
    for (int64_t i = 0; i < size; ++i)
        matrix[static_cast<size_t>(i * size + i)] += static_cast<float>(value);
}

}  // namespace

InputStatistics::InputStatistics(int64_t size) : size_(size), hessian_(area(size)), cross_(area(size)) {}

void InputStatistics::add(const float* x, const float* original, int64_t rows) {
    add_gram(x, rows, size_, hessian_.data());
    add_cross(original, size_, x, size_, rows, cross_.data());
    rows_ += rows;
}

void InputStatistics::add_lack(const float* x, const float* lack, int64_t rows, int64_t outputs) {
    lack_.resize(static_cast<size_t>(outputs * size_));
    add_cross(lack, outputs, x, size_, rows, lack_.data());
}

bool InputStatistics::settle(double& damping) {
    if (rows_ < kFewestRows) return false;
    mirror_upper(hessian_.data(), size_);
    const float share = 1.0F / static_cast<float>(rows_);
    parallel_for(static_cast<size_t>(size_), [&](size_t row) {
        const size_t first = row * static_cast<size_t>(size_);
        for (size_t i = first; i < first + static_cast<size_t>(size_); ++i) {
            cross_[i] = (cross_[i] - hessian_[i]) * share;
            hessian_[i] *= share;
        }
    });
    const double mean = mean_diagonal(hessian_, size_);
    if (!(mean > 0) || !std::isfinite(mean)) return false;
    if (find_non_finite(cross_) >= 0 || find_non_finite(lack_) >= 0) return false;

    order_.resize(static_cast<size_t>(size_));
    std::iota(order_.begin(), order_.end(), 0);
    std::stable_sort(order_.begin(), order_.end(), [&](int32_t a, int32_t b) {
        return hessian_[static_cast<size_t>(a * size_ + a)] > hessian_[static_cast<size_t>(b * size_ + b)];
    });
    // With J the reversal, J H J = L Lᵀ gives H = (J L J)(J L J)ᵀ with an upper J L J, whose inverse U, upper
    // again, has H⁻¹ = Uᵀ U: no inverse of H is needed.
    const auto reversed = [&](size_t i) {
        return static_cast<size_t>(order_[static_cast<size_t>(size_) - 1 - i]);
    };
    std::vector<float> work(area(size_));
    const auto factorises = [&] {
        parallel_for(static_cast<size_t>(size_), [&](size_t row) {
            const size_t from = reversed(row) * static_cast<size_t>(size_);
            for (size_t column = 0; column < static_cast<size_t>(size_); ++column)
                work[row * static_cast<size_t>(size_) + column] = hessian_[from + reversed(column)];
        });
        add_to_diagonal(work, size_, damping * mean);
        return factorise(work.data(), size_);
    };
    damping = kDamping;
    while (!factorises()) {
        if (damping >= kMostDamping) return false;
        damping *= 10;
    }
    factor_.resize(area(size_));
    invert_lower(work.data(), size_, factor_.data());
    std::reverse(factor_.begin(), factor_.end());  // both axes: J L⁻¹ J

    ridged_ = std::move(work);
    std::copy(hessian_.begin(), hessian_.end(), ridged_.begin());
    add_to_diagonal(ridged_, size_, kRidge * mean);
    add_to_diagonal(hessian_, size_, damping * mean);
    return factorise(ridged_.data(), size_);
}

void InputStatistics::move_target(float* w, int64_t first, int64_t rows) const {
    std::vector<float> change(static_cast<size_t>(rows * size_));
    add_product({w, size_}, {cross_.data(), size_}, rows, size_, size_, 1.0F, change.data(), size_);
    if (!lack_.empty()) {
        const float share = kLackShare / static_cast<float>(rows_);
        const float* const lack = lack_.data() + first * size_;
        for (size_t i = 0; i < change.size(); ++i)
            change[i] += share * lack[i];
    }
    solve_rows(ridged_.data(), size_, rows, change.data());
    for (size_t i = 0; i < change.size(); ++i)
        w[i] += change[i];
}

}  // namespace ovenbird
