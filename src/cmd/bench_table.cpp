#include "cmd/bench_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ovenbird {
namespace {

double percentile(std::vector<double> values, double share) {
    if (values.empty()) return 0;
    const auto place = values.begin() + std::lround(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), place, values.end());
    return *place;
}

double median(const std::vector<double>& values) {
    return percentile(values, 0.5);
}

}  // namespace

Figures figures_of(int64_t prompt_tokens, const std::vector<Timing>& timings) {
    std::vector<double> firsts;
    std::vector<double> means;  // a token's, of one answer: drafts come several at once
    std::vector<double> medians;
    std::vector<double> all;
    for (const auto& timing : timings) {
        firsts.push_back(timing.first_ms);
        if (timing.token_ms.empty()) continue;
        const double sum = std::accumulate(timing.token_ms.begin(), timing.token_ms.end(), 0.0);
        means.push_back(sum / static_cast<double>(timing.token_ms.size()));
        medians.push_back(median(timing.token_ms));
        all.insert(all.end(), timing.token_ms.begin(), timing.token_ms.end());
    }
    Figures figures;
    figures.ttft_ms = median(firsts);
    if (figures.ttft_ms > 0)
        figures.prefill_tokens_per_s = 1000 * static_cast<double>(prompt_tokens) / figures.ttft_ms;
    figures.token_ms = median(medians);
    figures.token_ms_p95 = percentile(all, 0.95);
    if (const double mean = median(means); mean > 0) figures.decode_tokens_per_s = 1000 / mean;
    return figures;
}

std::string bench_table(const std::vector<Entry>& entries) {
    size_t width = 0;
    for (const auto& entry : entries)
        width = std::max(width, entry.name.size());
    std::string text = fmt::format(
        "{:<{}}  prompt  first ms  prefill t/s  token ms    p95  decode t/s   load s  peak MB\n", "", width);
    for (const auto& entry : entries) {
        for (const auto& [tokens, timings] : entry.timings) {
            const auto figures = figures_of(tokens, timings);
            text +=
                fmt::format("{:<{}}  {:6}  {:8.1f}  {:11.0f}  {:8.2f}  {:5.1f}  {:10.1f}  {:7.2f}  {:7.0f}\n",
                            entry.name, width, tokens, figures.ttft_ms, figures.prefill_tokens_per_s,
                            figures.token_ms, figures.token_ms_p95, figures.decode_tokens_per_s,
                            entry.contestant->load_seconds(), entry.contestant->peak_mb());
        }
    }
    return text;
}

Json bench_json(const std::vector<Entry>& entries, const std::string& device) {
    Json results = Json::array();
    for (const auto& entry : entries) {
        for (const auto& [tokens, timings] : entry.timings) {
            const auto figures = figures_of(tokens, timings);
            results.push_back({{"name", entry.name},
                               {"prompt_tokens", tokens},
                               {"rounds", timings.size()},
                               {"ttft_ms", figures.ttft_ms},
                               {"prefill_tokens_per_s", figures.prefill_tokens_per_s},
                               {"token_ms", figures.token_ms},
                               {"token_ms_p95", figures.token_ms_p95},
                               {"decode_tokens_per_s", figures.decode_tokens_per_s},
                               {"load_s", entry.contestant->load_seconds()},
                               {"peak_mb", entry.contestant->peak_mb()}});
        }
    }
    Json json{{"device", device}};
    for (const char* key : {"decode_tokens_per_s", "prefill_tokens_per_s", "ttft_ms", "load_s", "peak_mb"})
        if (!results.empty()) json[key] = results[0][key];
    json["results"] = results;
    return json;
}

}  // namespace ovenbird
