#include "eval/logit_rows.hpp"

#include <algorithm>

#include "base/platform/process.hpp"

namespace ovenbird {

LogitRows engine_rows(Engine& engine, const std::vector<Sequence>& sequences, std::string name) {
    const auto read = [&engine, &sequences](size_t sequence, int64_t first_row, int64_t rows) {
        check_interrupted();
        const std::span ids(sequences.at(sequence));
        const auto logits = engine.logits_after(ids.first(static_cast<size_t>(first_row + rows)), rows,
                                                [] { return interrupted(); });
        check_interrupted();
        return logits;
    };
    return {std::move(name), engine.most_rows(), engine.vocab_size(), read};
}

void each_rows(const LogitRows& logits, size_t sequence, int64_t first_row, int64_t last_row,
               const std::function<void(int64_t first_row, std::span<const float> rows)>& visit) {
    for (int64_t row = first_row; row < last_row; row += logits.most_rows)
        visit(row, logits.read(sequence, row, std::min(logits.most_rows, last_row - row)));
}

}  // namespace ovenbird
