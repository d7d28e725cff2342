#include "bake/calibrate/calibrate_rows.hpp"

#include "bake/calibrate/stored_rows.hpp"
#include "bake/gptq/loops.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kJudgedOf = 4;  // blocks of rows, of which one is judged

}  // namespace

RowsError calibrate_rows(const StoredTensor& tensor, const QuantTarget& target, const GptqEffort& effort,
                         const InputStatistics* statistics, int64_t begin, std::vector<float> w) {
    const int64_t count = static_cast<int64_t>(w.size()) / tensor.columns;
    if (statistics == nullptr) {
        quantize_rows(tensor.format, ScaleChoice::search, w.data(), begin, begin + count, tensor.columns,
                      target);
        return {};
    }
    // Some blocks of rows stand for all.
    const bool judges = begin / kGptqRows % kJudgedOf == 0;
    statistics->move_target(w.data(), begin, count);
    const GptqRows rows = quantise_rows(tensor.format, effort, *statistics, w.data(), count, judges);
    store_rows(tensor.format, rows, begin, tensor.columns, target);
    return {rows.squared_error, rows.squared_values};
}

}  // namespace ovenbird
