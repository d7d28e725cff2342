#include "serve/supervise/worker_process.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace ovenbird {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookEvery{50};
constexpr milliseconds kMemoryEvery{500};
constexpr double kMuchSlower = 20;  // than the slowest step so far: a device that shares its time is not dead
constexpr size_t kBytesReadInAMs = 256;  // of an ask, at least: a long text is many tokens
constexpr int64_t kLongestStep = 1024;   // tokens that one run of a graph takes at most

milliseconds since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start);
}

FramedChild started(const std::vector<std::string>& command) {
    try {
        return FramedChild(command);
    } catch (const Error& error) {
        throw WorkerFault(error.what());
    }
}

}  // namespace

WorkerProcess::WorkerProcess(const std::vector<std::string>& command, const Load& load,
                             const WorkerLimits& limits)
    : child_(started(command)), limits_(limits) {
    send_numbered({{"do", order::kLoad}, {order::kLoad, to_json(load)}});
}

size_t WorkerProcess::send_numbered(Json order) {
    order[order::kNumber] = ++number_;
    is_busy_ = true;
    return send(order);
}

size_t WorkerProcess::send(const Json& order) {
    const std::string message = order.dump(-1, ' ', false, Json::error_handler_t::replace);
    try {
        child_.send(message);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::io) throw;
        throw WorkerFault(error.what());
    }
    return message.size();
}

void WorkerProcess::check_memory() {
    if (limits_.memory_bytes == 0 || since(memory_checked_) < kMemoryEvery) return;
    memory_checked_ = Clock::now();
    const uint64_t bytes = child_.anonymous_bytes();
    if (bytes > limits_.memory_bytes)
        throw WorkerFault(fmt::format("it has taken {} MiB of memory, and {} are its limit", bytes >> 20,
                                      limits_.memory_bytes >> 20));
}

// The next event; nothing where none came in time. What is no message, or none for what was asked, is a fault
// like a crash: a worker that writes garbage has garbage in its memory.
std::optional<Event> WorkerProcess::receive(milliseconds limit) {
    check_memory();
    std::optional<std::string> message;
    try {
        message = child_.receive(limit);
    } catch (const Error& error) {
        throw WorkerFault(error.what());
    }
    if (!message) return std::nullopt;
    try {
        const Json json = parse_json(*message, "a message of the worker");
        Event event = event_from_json(json);
        // A device's note may come late.
        if (!std::holds_alternative<NoteEvent>(event) &&
            JsonObject(json, "a message of the worker").integer(order::kNumber) != number_)
            throw WorkerFault("it answers what was not asked");
        return event;
    } catch (const Error& error) {
        throw WorkerFault(error.what());
    }
}

std::optional<ModelFacts> WorkerProcess::wait_ready(const GoesOn& goes_on,
                                                    const std::function<void(const std::string&)>& on_note) {
    const auto start = Clock::now();
    while (goes_on()) {
        const auto event = receive(kLookEvery);
        if (since(start) > limits_.load)
            throw WorkerFault(
                fmt::format("it has not opened the model in {} s", limits_.load.count() / 1000));
        if (!event) continue;
        if (const auto* facts = std::get_if<ModelFacts>(&*event)) {
            is_busy_ = false;
            return *facts;
        }
        if (const auto* error = std::get_if<ErrorEvent>(&*event)) throw Error(error->code, error->message);
        if (const auto* note = std::get_if<NoteEvent>(&*event)) on_note(note->text);
    }
    return std::nullopt;
}

// By the steps before: a step takes as long as the longest one, or as its tokens take one by one.
milliseconds WorkerProcess::step_limit() const {
    if (slowest_ms_ == 0) return limits_.first_step;
    const double expected = std::max(slowest_ms_, slowest_ms_a_token_ * kLongestStep / 4);
    return std::clamp(milliseconds(static_cast<int64_t>(kMuchSlower * expected)), limits_.step,
                      std::max(limits_.first_step, limits_.step));
}

void WorkerProcess::note_step(int64_t tokens, Clock::duration took) {
    if (tokens <= 0) return;
    const double ms = std::chrono::duration<double, std::milli>(took).count();
    slowest_ms_ = std::max(slowest_ms_, ms);
    if (tokens > 1) slowest_ms_a_token_ = std::max(slowest_ms_a_token_, ms / static_cast<double>(tokens));
}

// `reading`: what it may need on top, before it has read what it was asked.
void WorkerProcess::check_progress(Clock::time_point progress, milliseconds reading,
                                   std::optional<Clock::time_point> cancelled) const {
    const auto limit = step_limit() + reading;
    if (since(progress) > limit)
        throw WorkerFault(
            fmt::format("it has computed nothing for {:.1f} s", static_cast<double>(limit.count()) / 1000));
    if (cancelled && since(*cancelled) > std::max(limits_.cancel, limit))
        throw WorkerFault("it does not end an answer that nobody wants");
}

DoneEvent WorkerProcess::answer(const Ask& ask, const GoesOn& goes_on,
                                const std::function<void(const Event&)>& on_event) {
    const size_t bytes = send_numbered({{"do", order::kAsk}, {order::kAsk, to_json(ask)}});
    milliseconds reading(static_cast<int64_t>(bytes / kBytesReadInAMs));
    auto progress = Clock::now();  // when it last came further
    std::optional<Clock::time_point> cancelled;
    for (;;) {
        if (!cancelled && !goes_on()) {
            send({{"do", order::kCancel}});
            cancelled = Clock::now();
        }
        const auto event = receive(kLookEvery);
        if (!event) {
            check_progress(progress, reading, cancelled);
            continue;
        }
        if (const auto* alive = std::get_if<AliveEvent>(&*event)) {
            // Before the first run of a graph it tells where it stands.
            if (alive->computed_tokens <= computed_) {
                check_progress(progress, reading, cancelled);
                continue;
            }
            note_step(alive->computed_tokens - computed_, Clock::now() - progress);
            computed_ = alive->computed_tokens;
            progress = Clock::now();
        } else if (const auto* done = std::get_if<DoneEvent>(&*event)) {
            is_busy_ = false;
            return *done;
        } else if (const auto* error = std::get_if<ErrorEvent>(&*event)) {
            is_busy_ = false;
            // The device is lost, or computes nonsense: another worker may do better.
            if (error->code == ErrorCode::device || error->code == ErrorCode::verification ||
                error->code == ErrorCode::internal)
                throw WorkerFault(error->message);
            throw Error(error->code, error->message);
        } else {
            if (!cancelled) on_event(*event);
            if (std::holds_alternative<PromptEvent>(*event)) {
                progress = Clock::now();
                reading = milliseconds(0);
            } else if (std::holds_alternative<PieceEvent>(*event)) {
                progress = Clock::now();
            } else {
                check_progress(progress, reading, cancelled);
            }
        }
    }
}

TextEvent WorkerProcess::text(const Json& order) {
    send_numbered(order);
    const auto start = Clock::now();
    for (;;) {
        const auto event = receive(kLookEvery);
        if (since(start) > limits_.first_step) throw WorkerFault("it does not answer");
        if (!event) continue;
        if (const auto* text = std::get_if<TextEvent>(&*event)) {
            is_busy_ = false;
            return *text;
        }
        if (const auto* error = std::get_if<ErrorEvent>(&*event)) {
            is_busy_ = false;
            throw Error(error->code, error->message);
        }
    }
}

}  // namespace ovenbird
