#include "bake/gptq/gptq.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numeric>

#include "bake/gptq/linear_algebra.hpp"
#include "bake/gptq/loops.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kBlock = 64;
using RowSums = std::array<float, kGptqRows>;

// All rows of one block of a matrix while it is worked on: [columns][kGptqRows].
class RowBlock {
public:
    RowBlock(const QuantFormat& format, const InputStatistics& statistics, const float* w, int64_t rows)
        : format_(format), statistics_(statistics), size_(statistics.size()), rows_(rows) {
        const int64_t group = format.group_size == 0 ? size_ : format.group_size;
        group_size_ = group;
        weights_ = empty();
        for (int64_t row = 0; row < rows; ++row)
            for (int64_t column = 0; column < size_; ++column)
                weights_[at(column) + static_cast<size_t>(row)] = w[row * size_ + column];
    }

    void search_scales() {
        const float* const factor = statistics_.factor();
        std::vector<float> importance(static_cast<size_t>(size_));
        for (int64_t at = 0; at < size_; ++at) {
            const float diagonal = factor[at * size_ + at];
            importance[static_cast<size_t>(statistics_.order()[static_cast<size_t>(at)])] =
                1.0F / (diagonal * diagonal);
        }
        scales_.resize(static_cast<size_t>(size_ / group_size_));
        std::vector<const float*> columns(static_cast<size_t>(group_size_));
        for (size_t group = 0; group < scales_.size(); ++group) {
            const int64_t first = static_cast<int64_t>(group) * group_size_;
            for (int64_t i = 0; i < group_size_; ++i)
                columns[static_cast<size_t>(i)] = &weights_[at(first + i)];
            gptq_loops().search(columns.data(), &importance[static_cast<size_t>(first)], group_size_,
                                format_.bits, format_.symmetric, scales_[group]);
        }
    }

    // GPTQ with each of the factors; each row keeps the scales and codes that cost it least.
    void round(const std::vector<float>& factors) {
        const std::vector<RowScales> plain = scales_;
        RowSums least;
        least.fill(INFINITY);
        codes_ = empty();
        std::vector<float> codes = empty();
        for (const float factor : factors) {
            std::vector<RowScales> tried = plain;
            for (auto& group : tried)
                for (float& scale : group.scale)
                    scale = storable_scale(scale * factor);
            const RowSums loss = round_once(tried, codes);
            for (size_t row = 0; row < kGptqRows; ++row) {
                if (!(loss[row] < least[row])) continue;
                least[row] = loss[row];
                for (size_t place = row; place < codes.size(); place += kGptqRows)
                    codes_[place] = codes[place];
                for (size_t group = 0; group < tried.size(); ++group)
                    scales_[group].scale[row] = tried[group].scale[row];
            }
        }
    }

    void improve(int sweeps) {
        for (int sweep = 0; sweep < sweeps; ++sweep) {
            if (scales_.size() == 1) fit_scale();
            descend();
        }
        if (scales_.size() == 1) fit_scale();
    }

    // `judges`: also what the outputs lose, which costs as much as a sweep.
    GptqRows result(bool judges) {
        GptqRows rows;
        rows.codes.resize(static_cast<size_t>(rows_ * size_));
        for (int64_t row = 0; row < rows_; ++row)
            for (int64_t column = 0; column < size_; ++column)
                rows.codes[static_cast<size_t>(row * size_ + column)] =
                    static_cast<int16_t>(codes_[at(column) + static_cast<size_t>(row)]);
        for (int64_t row = 0; row < rows_; ++row) {
            for (const auto& group : scales_) {
                rows.scales.push_back(group.scale[row]);
                rows.lowest.push_back(static_cast<int16_t>(group.lowest[row]));
            }
        }
        if (!judges) return rows;
        const auto energy = [&](const std::vector<float>& values) {
            RowSums sums{};
            const auto turned = times_hessian(values);
            gptq_loops().dot(values.data(), turned.data(), size_, sums.data());
            return std::accumulate(sums.begin(), sums.begin() + rows_, 0.0);
        };
        rows.squared_error = energy(residual());
        rows.squared_values = energy(weights_);
        return rows;
    }

private:
    static size_t at(int64_t column) { return static_cast<size_t>(column * kGptqRows); }
    std::vector<float> empty() const { return std::vector<float>(at(size_)); }
    const RowScales& scales_of(int64_t column) const {
        return scales_[static_cast<size_t>(column / group_size_)];
    }

    RowSums round_once(const std::vector<RowScales>& scales, std::vector<float>& codes) const {
        const auto& order = statistics_.order();
        std::vector<float> work = empty();  // columns in the order in which they are rounded
        for (int64_t i = 0; i < size_; ++i)
            std::memcpy(&work[at(i)], &weights_[at(order[static_cast<size_t>(i)])],
                        kGptqRows * sizeof(float));
        std::vector<float> block_codes(at(kBlock));
        std::vector<float> errors(at(kBlock));
        RowSums loss{};
        for (int64_t first = 0; first < size_; first += kBlock) {
            const int64_t count = std::min(kBlock, size_ - first);
            std::array<const RowScales*, kBlock> own{};
            for (int64_t i = 0; i < count; ++i)
                own[static_cast<size_t>(i)] =
                    &scales[static_cast<size_t>(order[static_cast<size_t>(first + i)] / group_size_)];
            const float* const factor = statistics_.factor() + first * size_ + first;
            gptq_loops().round_block(&work[at(first)], count, factor, size_, own.data(), block_codes.data(),
                                     errors.data(), loss.data());
            const int64_t next = first + count;
            if (next < size_)
                add_product_of_transposed({factor + count, size_}, {errors.data(), kGptqRows}, size_ - next,
                                          kGptqRows, count, -1.0F, &work[at(next)], kGptqRows);
            for (int64_t i = 0; i < count; ++i)
                std::memcpy(&codes[at(order[static_cast<size_t>(first + i)])], &block_codes[at(i)],
                            kGptqRows * sizeof(float));
        }
        return loss;
    }

    std::vector<float> times_hessian(const std::vector<float>& values) const {
        std::vector<float> product = empty();
        add_product({statistics_.hessian(), size_}, {values.data(), kGptqRows}, size_, kGptqRows, size_, 1.0F,
                    product.data(), kGptqRows);
        return product;
    }

    std::vector<float> rounded() const {
        std::vector<float> values = empty();
        for (int64_t column = 0; column < size_; ++column) {
            const RowScales& scales = scales_of(column);
            for (size_t row = 0; row < kGptqRows; ++row)
                values[at(column) + row] = codes_[at(column) + row] * scales.scale[row];
        }
        return values;
    }

    std::vector<float> residual() const {
        std::vector<float> values = rounded();
        for (size_t i = 0; i < values.size(); ++i)
            values[i] = weights_[i] - values[i];
        return values;
    }

    // The scale of each row by least squares over the outputs, its codes given.
    void fit_scale() {
        const auto values = rounded();
        const auto turned = times_hessian(values);
        RowSums own{};
        RowSums wanted{};
        gptq_loops().dot(values.data(), turned.data(), size_, own.data());
        gptq_loops().dot(weights_.data(), turned.data(), size_, wanted.data());
        for (size_t row = 0; row < kGptqRows; ++row) {
            if (!(own[row] > 0)) continue;
            float& scale = scales_.front().scale[row];
            scale = storable_scale(scale * wanted[row] / own[row]);
        }
    }

    // The same for the groups of one block, as far as this block sees: `gradient` is H times the residual.
    void fit_group(RowScales& scales, int64_t first, std::vector<float>& gradient, std::vector<float>& left) {
        std::vector<float> values(at(group_size_));
        for (int64_t i = 0; i < group_size_; ++i)
            for (size_t row = 0; row < kGptqRows; ++row)
                values[at(i) + row] = codes_[at(first + i) + row] * scales.scale[row];
        std::vector<float> turned(at(group_size_));
        const float* const corner = statistics_.hessian() + first * size_ + first;
        add_product({corner, size_}, {values.data(), kGptqRows}, group_size_, kGptqRows, group_size_, 1.0F,
                    turned.data(), kGptqRows);
        RowSums own{};
        RowSums wanted{};
        gptq_loops().dot(values.data(), turned.data(), group_size_, own.data());
        gptq_loops().dot(values.data(), gradient.data(), group_size_, wanted.data());
        for (size_t row = 0; row < kGptqRows; ++row) {
            if (!(own[row] > 0)) continue;
            const float before = scales.scale[row];
            scales.scale[row] = storable_scale(before * (1.0F + wanted[row] / own[row]));
            const float change = scales.scale[row] / before - 1.0F;
            for (int64_t i = 0; i < group_size_; ++i) {
                left[at(first + i) + row] -= change * values[at(i) + row];
                gradient[at(i) + row] -= change * turned[at(i) + row];
            }
        }
    }

    void descend() {
        auto left = residual();
        const bool fits_groups = scales_.size() > 1;
        const int64_t step = fits_groups ? group_size_ : kBlock;
        std::vector<float> gradient(at(step));
        for (int64_t first = 0; first < size_; first += step) {
            const int64_t count = std::min(step, size_ - first);
            std::fill(gradient.begin(), gradient.end(), 0.0F);
            const float* const rows = statistics_.hessian() + first * size_;
            add_product({rows, size_}, {left.data(), kGptqRows}, count, kGptqRows, size_, 1.0F,
                        gradient.data(), kGptqRows);
            if (fits_groups)
                fit_group(scales_[static_cast<size_t>(first / group_size_)], first, gradient, left);
            std::vector<const RowScales*> own(static_cast<size_t>(count), &scales_of(first));
            gptq_loops().descend_block(gradient.data(), count, rows + first, size_, own.data(),
                                       &codes_[at(first)], &left[at(first)]);
        }
    }

    QuantFormat format_;
    const InputStatistics& statistics_;
    int64_t size_;
    int64_t rows_;
    int64_t group_size_ = 0;
    std::vector<float> weights_;
    std::vector<float> codes_;
    std::vector<RowScales> scales_;
};

}  // namespace

GptqRows quantise_rows(const QuantFormat& format, const GptqEffort& effort, const InputStatistics& statistics,
                       const float* w, int64_t rows, bool judges) {
    RowBlock block(format, statistics, w, rows);
    block.search_scales();
    block.round(effort.scale_factors);
    block.improve(effort.sweeps);
    return block.result(judges);
}

}  // namespace ovenbird
