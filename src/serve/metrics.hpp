#pragma once
// What the server counts, as Prometheus reads it, under the names that llama-server and vLLM gave.
// https://prometheus.io/docs/instrumenting/exposition_formats/

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace ovenbird {

/// Of one answer.
struct AnswerFigures {
    std::string finished;  // "stop", "length", "tool_calls", "cancelled", "error", "rejected"
    int64_t prompt_tokens = 0;
    int64_t cached_tokens = 0;
    int64_t new_tokens = 0;
    double queue_s = 0;
    double first_token_s = 0;  // behind the queue
    double total_s = 0;        // behind the queue
    bool is_vector = false;    // it has no new tokens
};

/// May be used from several threads.
class Metrics {
public:
    void add(const AnswerFigures& figures);
    void begin_answer();  // end_answer() follows
    void end_answer();

    /// Of the moment: gauges that others know.
    struct Gauges {
        int64_t waiting = 0;
        int64_t worker_faults = 0;
        std::map<std::string, bool> loaded{};  // by model
    };
    std::string text(const Gauges& gauges) const;

private:
    struct Histogram {
        std::array<int64_t, 14> counts{};
        int64_t count = 0;
        double sum = 0;
        void add(double value);
    };
    void add_vectors(const AnswerFigures& figures);
    static std::string lines(const std::string& name, const char* help, const Histogram& histogram);

    mutable std::mutex mutex_;
    int64_t running_ = 0;
    AnswerFigures sums_{};
    double decode_s_ = 0;
    std::map<std::string, int64_t> finished_;
    Histogram first_token_, between_tokens_, whole_, queue_, prefill_, decode_;
};

}  // namespace ovenbird
