#include "bake/sensitivity.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "base/parallel.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kSampleRows = 64;

double relative_error(const PlannedTensor& tensor) {
    const int64_t rows = std::min(kSampleRows, tensor.rows);
    std::vector<float> values(static_cast<size_t>(rows * tensor.columns));
    // Evenly spread rows: neighbours in one head resemble each other.
    for (int64_t row = 0; row < rows; ++row) {
        const int64_t from = row * tensor.rows / rows;
        read_rows(*tensor.source, from, from + 1, values.data() + row * tensor.columns);
    }
    if (find_non_finite(values) >= 0) return INFINITY;  // compress() reports it with its place
    const auto layout = quant_layout(tensor.format, rows, tensor.columns);
    std::vector<std::byte> weights(layout.weight_bytes);
    std::vector<std::byte> scales(layout.scale_bytes);
    std::vector<std::byte> zero_points(layout.zero_point_bytes);
    const double error = quantize_rows(tensor.format, ScaleChoice::plain, values.data(), 0, rows,
                                       tensor.columns, {weights, scales, zero_points});
    const double energy = std::inner_product(values.begin(), values.end(), values.begin(), 0.0);
    return energy > 0 ? error / energy : 0;
}

}  // namespace

void keep_sensitive_in_int8(BakePlan& plan, double ratio) {
    std::vector<PlannedTensor*> candidates;
    double total = 0;
    for (auto& tensor : plan.tensors) {
        if (tensor.role != TensorRole::linear || tensor.format.bits != 4) continue;
        candidates.push_back(&tensor);
        total += static_cast<double>(tensor.rows * tensor.columns);
    }
    std::vector<std::pair<double, PlannedTensor*>> ranked(candidates.size());
    parallel_for(candidates.size(), [&](size_t i) {
        ranked[i] = {relative_error(*candidates[i]), candidates[i]};
    });
    std::stable_sort(ranked.begin(), ranked.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    double left = total;
    size_t kept = 0;
    for (auto& [error, tensor] : ranked) {
        if (left <= ratio * total) break;
        tensor->format = {.bits = 8, .symmetric = tensor->format.symmetric, .group_size = 0};
        left -= static_cast<double>(tensor->rows * tensor->columns);
        ++kept;
    }
    plan.notes.push_back(
        fmt::format("{} of {} matrices stay in INT8 (ratio {})", kept, ranked.size(), ratio));
}

}  // namespace ovenbird
