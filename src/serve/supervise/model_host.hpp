#pragma once
// One served model: its worker, started when it is needed, started again when it breaks down, on the next
// device when that happens again and again; and the requests that wait for it.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "serve/supervise/keeper.hpp"
#include "serve/supervise/turns.hpp"
#include "serve/supervise/worker_process.hpp"

namespace ovenbird {

/// Whoever waits for an answer.
class AnswerListener {
public:
    virtual ~AnswerListener() = default;
    /// Asked several times a second while anything is waited for; false: nobody wants the answer any more.
    virtual bool goes_on() = 0;
    /// A PromptEvent, once, and pieces.
    virtual void hear(const Event& event) = 0;
};

/// More requests wait than may. HTTP's 503.
class Busy : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct HostOptions {
    std::vector<std::string> worker{};  // the command
    WorkerLimits limits{};
    size_t most_waiting = 512;
    std::chrono::seconds keep_alive{1800};  // negative: for ever
    /// Called before a worker is started: whatever else is loaded may have to go.
    std::function<void()> make_room{};
    std::function<void(const std::string&)> log{};
};

struct HostStatus {
    enum class State { unloaded, loading, ready, answering };
    State state = State::unloaded;
    std::optional<ModelFacts> facts{};  // of the worker that is, or was last, ready
    size_t waiting = 0;
    int64_t faults = 0;  // of its workers, ever
    std::string last_fault{};
    int64_t process = 0;
    std::optional<std::chrono::system_clock::time_point> unloads_at{};  // none: never, or it is not loaded
};

class ModelHost {
public:
    ModelHost(Load load, HostOptions options);
    ~ModelHost();
    ModelHost(const ModelHost&) = delete;
    ModelHost& operator=(const ModelHost&) = delete;

    /// Answers in the caller's thread, when those before it are done. A worker that breaks down meanwhile is
    /// started again, and the answer goes on behind what the listener has heard. Errors: Busy; Error: the
    /// worker's own (usage, invalid_input, unsupported, …); device when workers break down again and again.
    /// `queue_ms`: how long it waited for its turn.
    DoneEvent answer(Ask ask, AnswerListener& listener, double* queue_ms = nullptr);
    /// The same for vectors: the listener hears a VectorEvent for each input, in their order. An input whose
    /// worker broke down is asked again.
    DoneEvent embed(EmbedAsk ask, AnswerListener& listener, double* queue_ms = nullptr);
    /// An order of kEncode, kDecode or kRender. Errors: as answer().
    TextEvent text(const Json& order, AnswerListener& listener);
    /// Opens the model if it is not. False: the listener has gone. Errors: as answer().
    bool load(AnswerListener& listener);
    /// Ends the worker once it is idle. False: it is not, and stays.
    bool unload();
    /// From now on, counted from the end of each answer.
    void set_keep_alive(std::chrono::seconds time);

    HostStatus status() const;
    std::chrono::steady_clock::time_point last_used() const { return last_used_; }

private:
    using Clock = std::chrono::steady_clock;
    Turns::Turn wait_turn(AnswerListener& listener);
    bool ready(const WorkerProcess::GoesOn& goes_on);
    bool pause_before_start(const WorkerProcess::GoesOn& goes_on);
    bool start(const WorkerProcess::GoesOn& goes_on);
    void note_fault(const std::string& reason);
    void give_up_device();
    void keep_facts(ModelFacts facts);
    DoneEvent in_turn(AnswerListener& listener, double* queue_ms,
                      const std::function<DoneEvent(WorkerProcess&)>& work);
    template <typename Result>
    std::optional<Result> with_worker(AnswerListener& listener,
                                      const std::function<Result(WorkerProcess&)>& work);
    void tend();
    void log(const std::string& text) const;
    void set_state(HostStatus::State state);

    Load load_;
    HostOptions options_;
    Turns turns_;
    // Of whoever has the turn.
    std::unique_ptr<WorkerProcess> worker_;
    int faults_in_a_row_ = 0;
    std::vector<std::string> given_up_;
    Pace pace_;
    bool was_wanted_ = false;  // a worker that ends by itself is started again

    std::atomic<bool> ends_ = false;
    std::atomic<Clock::time_point> last_used_{Clock::now()};
    std::atomic<std::chrono::seconds> keep_alive_;
    mutable std::mutex status_mutex_;
    HostStatus status_;
    Keeper keeper_;  // the last: its thread uses all of the above
};

}  // namespace ovenbird
