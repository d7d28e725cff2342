#pragma once
// What ovenbird bench measured, as a table and as JSON.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cmd/contestant.hpp"

namespace ovenbird {

struct Entry {
    std::string name;
    std::unique_ptr<Contestant> contestant;
    std::map<int64_t, std::vector<Timing>> timings{};  // by prompt tokens
};

/// Medians over the rounds; the 95th percentile over all tokens.
struct Figures {
    double ttft_ms = 0;
    double prefill_tokens_per_s = 0;
    double token_ms = 0;
    double token_ms_p95 = 0;
    double decode_tokens_per_s = 0;
};
Figures figures_of(int64_t prompt_tokens, const std::vector<Timing>& timings);

/// One line for each entry and prompt length; ratios are to the first entry's.
std::string bench_table(const std::vector<Entry>& entries);

/// ttft_ms, prefill_tokens_per_s, decode_tokens_per_s, load_s and peak_mb of the first entry and prompt
/// length, and `results`: the same of all.
Json bench_json(const std::vector<Entry>& entries, const std::string& device);

}  // namespace ovenbird
