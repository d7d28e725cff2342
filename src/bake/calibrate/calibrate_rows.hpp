#pragma once
// Some rows of a matrix, rounded for its inputs and stored: what a layer's matrices and the head have in
// common.

#include <cstdint>
#include <vector>

#include "bake/gptq/gptq.hpp"
#include "bake/graph/stored_tensor.hpp"

namespace ovenbird {

/// What outputs have lost, over the rows that were judged.
struct RowsError {
    double squared_error = 0;
    double squared_values = 0;

    double relative() const { return squared_values > 0 ? squared_error / squared_values : 0; }
    RowsError& operator+=(const RowsError& other) {
        squared_error += other.squared_error;
        squared_values += other.squared_values;
        return *this;
    }
};

/// Rows from `begin` on, a multiple of kGptqRows; at most so many. w: the float model's, [rows, columns].
/// `statistics`: settled; null where the inputs say too little, then each group is rounded by itself.
/// Thread-safe.
RowsError calibrate_rows(const StoredTensor& tensor, const QuantTarget& target, const GptqEffort& effort,
                         const InputStatistics* statistics, int64_t begin, std::vector<float> w);

}  // namespace ovenbird
