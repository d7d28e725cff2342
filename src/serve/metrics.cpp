#include "serve/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ovenbird {
namespace {

// Seconds; the last is all.
constexpr std::array<double, 13> kBounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300};

template <typename Value>
std::string line(const char* name, const char* kind, const char* help, Value value) {
    return fmt::format("# HELP {} {}\n# TYPE {} {}\n{} {}\n", name, help, name, kind, name, value);
}

double ratio(double part, double whole) {
    return whole > 0 ? part / whole : 0;
}

}  // namespace

void Metrics::Histogram::add(double value) {
    for (size_t i = 0; i < kBounds.size(); ++i)
        counts[i] += value <= kBounds[i] ? 1 : 0;
    ++counts.back();
    ++count;
    sum += value;
}

void Metrics::begin_answer() {
    const std::lock_guard lock(mutex_);
    ++running_;
}

void Metrics::end_answer() {
    const std::lock_guard lock(mutex_);
    --running_;
}

void Metrics::add(const AnswerFigures& figures) {
    const std::lock_guard lock(mutex_);
    ++finished_[figures.finished];
    if (figures.is_vector) return add_vectors(figures);
    if (figures.new_tokens == 0) return;
    const double decode_s = std::max(figures.total_s - figures.first_token_s, 0.0);
    sums_.prompt_tokens += figures.prompt_tokens;
    sums_.cached_tokens += figures.cached_tokens;
    sums_.new_tokens += figures.new_tokens;
    sums_.first_token_s += figures.first_token_s;
    decode_s_ += decode_s;
    first_token_.add(figures.queue_s + figures.first_token_s);
    whole_.add(figures.queue_s + figures.total_s);
    queue_.add(figures.queue_s);
    prefill_.add(figures.first_token_s);
    decode_.add(decode_s);
    if (figures.new_tokens > 1) between_tokens_.add(decode_s / static_cast<double>(figures.new_tokens - 1));
}

void Metrics::add_vectors(const AnswerFigures& figures) {
    if (figures.prompt_tokens == 0) return;
    sums_.prompt_tokens += figures.prompt_tokens;
    sums_.first_token_s += figures.total_s;
    whole_.add(figures.queue_s + figures.total_s);
    queue_.add(figures.queue_s);
    prefill_.add(figures.total_s);
}

std::string Metrics::lines(const std::string& name, const char* help, const Histogram& histogram) {
    std::string text = fmt::format("# HELP {} {}\n# TYPE {} histogram\n", name, help, name);
    for (size_t i = 0; i < kBounds.size(); ++i)
        text += fmt::format("{}_bucket{{le=\"{}\"}} {}\n", name, kBounds[i], histogram.counts[i]);
    return text + fmt::format("{}_bucket{{le=\"+Inf\"}} {}\n{}_sum {}\n{}_count {}\n", name,
                              histogram.counts.back(), name, histogram.sum, name, histogram.count);
}

std::string Metrics::text(const Gauges& gauges) const {
    const std::lock_guard lock(mutex_);
    const auto prompt = static_cast<double>(sums_.prompt_tokens - sums_.cached_tokens);
    const auto cached = static_cast<double>(sums_.cached_tokens);
    std::string text;
    text += line("llamacpp:prompt_tokens_total", "counter", "Prompt tokens computed.", prompt);
    text += line("llamacpp:prompt_seconds_total", "counter", "Seconds to first tokens.", sums_.first_token_s);
    text += line("llamacpp:prompt_tokens_cache_total", "counter", "Prompt tokens kept from before.", cached);
    text += line("llamacpp:prompt_cache_hit_ratio", "gauge", "Share of prompt tokens kept from before.",
                 ratio(cached, prompt + cached));
    text += line("llamacpp:tokens_predicted_total", "counter", "Tokens generated.", sums_.new_tokens);
    text +=
        line("llamacpp:tokens_predicted_seconds_total", "counter", "Seconds behind first tokens.", decode_s_);
    text += line("llamacpp:prompt_tokens_seconds", "gauge", "Prompt tokens a second.",
                 ratio(prompt, sums_.first_token_s));
    text += line("llamacpp:predicted_tokens_seconds", "gauge", "Generated tokens a second.",
                 ratio(static_cast<double>(sums_.new_tokens), decode_s_));
    text += line("llamacpp:requests_processing", "gauge", "Answers under way.",
                 std::max<int64_t>(running_ - gauges.waiting, 0));
    text += line("llamacpp:requests_deferred", "gauge", "Requests that wait.", gauges.waiting);
    text += line("vllm:num_requests_running", "gauge", "Answers under way.",
                 std::max<int64_t>(running_ - gauges.waiting, 0));
    text += line("vllm:num_requests_waiting", "gauge", "Requests that wait.", gauges.waiting);
    text += line("vllm:prompt_tokens_total", "counter", "Prompt tokens, kept ones too.", sums_.prompt_tokens);
    text += line("vllm:generation_tokens_total", "counter", "Tokens generated.", sums_.new_tokens);
    text +=
        line("vllm:prefix_cache_queries_total", "counter", "Prompt tokens looked for.", sums_.prompt_tokens);
    text += line("vllm:prefix_cache_hits_total", "counter", "Prompt tokens kept from before.", cached);
    text +=
        "# HELP vllm:request_success_total Requests by how they ended.\n# TYPE vllm:request_success_total "
        "counter\n";
    for (const auto& [reason, count] : finished_)
        text += fmt::format("vllm:request_success_total{{finished_reason=\"{}\"}} {}\n", reason, count);
    text += lines("vllm:time_to_first_token_seconds", "From the request to its first token.", first_token_);
    text += lines("vllm:inter_token_latency_seconds", "Between two tokens, the mean of an answer.",
                  between_tokens_);
    text += lines("vllm:e2e_request_latency_seconds", "From the request to its end.", whole_);
    text += lines("vllm:request_queue_time_seconds", "Before its turn.", queue_);
    text += lines("vllm:request_prefill_time_seconds", "From its turn to its first token.", prefill_);
    text += lines("vllm:request_decode_time_seconds", "Behind its first token.", decode_);
    text += line("ovenbird:worker_faults_total", "counter", "Workers that broke down.", gauges.worker_faults);
    text += "# HELP ovenbird:model_loaded Whether a model is open.\n# TYPE ovenbird:model_loaded gauge\n";
    for (const auto& [model, is_loaded] : gauges.loaded)
        text += fmt::format("ovenbird:model_loaded{{model=\"{}\"}} {}\n", model, is_loaded ? 1 : 0);
    return text;
}

}  // namespace ovenbird
