#pragma once
// Logits of given sequences, some rows at a time, from whatever computes them.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "eval/windows.hpp"
#include "run/engine.hpp"

namespace ovenbird {

struct LogitRows {
    std::string name;  // for errors: "baked, whole form on NPU"
    int64_t most_rows = 1;
    int64_t vocab_size = 0;
    /// Logits (f32, rows x vocab_size values) that follow tokens `first_row` … of a sequence: row 0 follows
    /// its first token. Valid until the next call. Asked in ascending rows, least is computed.
    std::function<std::span<const float>(size_t sequence, int64_t first_row, int64_t rows)> read;
};

/// Teacher forcing through an engine: its sequence grows by most_rows() at a time, and its cache is kept.
/// Both must outlive what is returned. Its read() also throws interrupted.
LogitRows engine_rows(Engine& engine, const std::vector<Sequence>& sequences, std::string name);

/// Calls `visit(first_row, rows)` for rows [first_row, last_row) of a sequence in pieces of at most
/// most_rows.
void each_rows(const LogitRows& logits, size_t sequence, int64_t first_row, int64_t last_row,
               const std::function<void(int64_t first_row, std::span<const float> rows)>& visit);

}  // namespace ovenbird
