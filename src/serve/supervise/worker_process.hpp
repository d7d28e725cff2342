#pragma once
// One worker as its parent sees it: orders out, events in, and how long it may say nothing.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/platform/framed_child.hpp"
#include "serve/supervise/pace.hpp"
#include "serve/wire/embed.hpp"
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
    PaceLimits step{};                          // to compute anything
    std::chrono::milliseconds cancel{3'000};    // to end an answer that nobody wants
    /// To read or write a text, a grammar among it; more for a long one.
    std::chrono::milliseconds text{10'000};
    uint64_t memory_bytes = 0;  // without a file behind it; 0: as much as there is
};

/// Ends with its object. One thread at a time.
class WorkerProcess {
public:
    /// Starts `command` and tells it to load. `pace`: what earlier workers of the model took on this device,
    /// which this one adds to; outlives it. Errors: WorkerFault (it cannot be started).
    WorkerProcess(const std::vector<std::string>& command, const Load& load, const WorkerLimits& limits,
                  Pace& pace);

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

    /// The same for vectors: a prompt for each input, and its vector; facts, where it has another device now.
    DoneEvent embed(const EmbedAsk& ask, const GoesOn& goes_on,
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
    struct Watch;
    void check_progress(const Watch& watch) const;
    void follow(const Event& event, int64_t resumed, Watch& watch) const;
    DoneEvent converse(const Json& order, int64_t resumed, const GoesOn& goes_on,
                       const std::function<void(const Event&)>& on_event);
    FramedChild child_;
    WorkerLimits limits_;
    Clock::time_point memory_checked_{};
    int64_t number_ = 0;  // of the last order
    bool is_busy_ = false;
    int64_t computed_ = 0;
    Pace& pace_;
};

}  // namespace ovenbird
