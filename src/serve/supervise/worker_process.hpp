#pragma once
// One worker as its parent sees it: orders out, events in, and how long it may say nothing.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/platform/framed_child.hpp"
#include "serve/wire/event.hpp"
#include "serve/wire/load.hpp"

namespace ovenbird {

/// The worker broke down: it crashed, hangs, said what is no message, or has eaten too much memory.
class WorkerFault : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct WorkerLimits {
    std::chrono::milliseconds load{1'800'000};  // to open a model: an NPU's compiler may take minutes
    /// To compute anything, as long as nothing is known of how long that takes here.
    std::chrono::milliseconds first_step{120'000};
    /// The least that later steps may take; more where earlier ones were slow.
    std::chrono::milliseconds step{3'000};
    std::chrono::milliseconds cancel{3'000};  // to end an answer that nobody wants
    uint64_t memory_bytes = 0;                // without a file behind it; 0: as much as there is
};

/// Ends with its object. One thread at a time.
class WorkerProcess {
public:
    /// Starts `command` and tells it to load. Errors: WorkerFault (it cannot be started).
    WorkerProcess(const std::vector<std::string>& command, const Load& load, const WorkerLimits& limits);

    /// Called several times a second while a call waits; false: no more is wanted.
    using GoesOn = std::function<bool()>;

    /// Waits for the model. `on_note` hears what a person should. Nothing when no more was wanted. Errors:
    /// WorkerFault; Error, as the worker says it.
    std::optional<ModelFacts> wait_ready(const GoesOn& goes_on,
                                         const std::function<void(const std::string&)>& on_note);

    /// Sends an ask and gives its events to `on_event`: a prompt, pieces. Returns how it ended; when no more
    /// was wanted it is told so, and its end is waited for. Errors: WorkerFault; Error, as the worker says
    /// it.
    DoneEvent answer(const Ask& ask, const GoesOn& goes_on,
                     const std::function<void(const Event&)>& on_event);

    /// Errors: as answer().
    TextEvent text(const Json& order);

    /// It was told something and has not said yet how that ended.
    bool is_busy() const { return is_busy_; }
    bool has_ended() const { return child_.has_ended(); }
    std::string how_it_ended() { return child_.how_it_ended(); }
    int64_t process() const { return child_.process(); }
    uint64_t anonymous_bytes() const { return child_.anonymous_bytes(); }

private:
    using Clock = std::chrono::steady_clock;
    size_t send(const Json& order);  // its bytes
    size_t send_numbered(Json order);
    std::optional<Event> receive(std::chrono::milliseconds limit);
    void check_memory();
    void check_progress(Clock::time_point progress, std::chrono::milliseconds reading,
                        std::optional<Clock::time_point> cancelled) const;
    std::chrono::milliseconds step_limit() const;
    void note_step(int64_t tokens, Clock::duration took);

    FramedChild child_;
    WorkerLimits limits_;
    Clock::time_point memory_checked_{};
    int64_t number_ = 0;  // of the last order
    bool is_busy_ = false;
    int64_t computed_ = 0;
    double slowest_ms_ = 0;          // a step, so far
    double slowest_ms_a_token_ = 0;  // within one
};

}  // namespace ovenbird
