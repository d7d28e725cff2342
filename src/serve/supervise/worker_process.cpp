#include "serve/supervise/worker_process.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace ovenbird {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookEvery{50};
constexpr milliseconds kMemoryEvery{500};
constexpr size_t kBytesReadInAMs = 256;  // of an order, at least: a long text is many tokens

milliseconds time_to_read(size_t bytes) {
    return milliseconds(static_cast<int64_t>(bytes / kBytesReadInAMs));
}

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
                             const WorkerLimits& limits, Pace& pace)
    : child_(started(command)), limits_(limits), pace_(pace) {
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

// How far an answer is, and since when.
struct WorkerProcess::Watch {
    Clock::time_point progress = Clock::now();  // when it last came further
    milliseconds reading;                       // on top, before it has read what it was asked
    int64_t ahead;                              // most tokens of the prompt that are still to compute
    std::optional<Clock::time_point> cancelled{};

    void come_further(int64_t tokens = 0) {
        progress = Clock::now();
        ahead = std::max<int64_t>(ahead - tokens, 1);
    }
};

void WorkerProcess::check_progress(const Watch& watch) const {
    const auto limit = pace_.limit(watch.ahead, computed_ == 0, limits_.step) + watch.reading;
    if (since(watch.progress) > limit)
        throw WorkerFault(
            fmt::format("it has computed nothing for {:.1f} s", static_cast<double>(limit.count()) / 1000));
    if (watch.cancelled && since(*watch.cancelled) > std::max(limits_.cancel, limit))
        throw WorkerFault("it does not end an answer that nobody wants");
}

// What an event that is not the end tells of how far it is.
void WorkerProcess::follow(const Event& event, int64_t resumed, Watch& watch) const {
    if (const auto* prompt = std::get_if<PromptEvent>(&event)) {
        watch.ahead = prompt->prompt_tokens - prompt->cached_tokens + resumed;
        watch.reading = milliseconds(0);
        watch.come_further();
    } else if (const auto* opening = std::get_if<OpeningEvent>(&event)) {
        watch.reading = opening->done ? milliseconds(0) : limits_.load;
        watch.come_further();
    } else if (std::holds_alternative<PieceEvent>(event) || std::holds_alternative<VectorEvent>(event)) {
        watch.come_further();
    } else {
        check_progress(watch);
    }
}

DoneEvent WorkerProcess::answer(const Ask& ask, const GoesOn& goes_on,
                                const std::function<void(const Event&)>& on_event) {
    return converse({{"do", order::kAsk}, {order::kAsk, to_json(ask)}},
                    static_cast<int64_t>(ask.resumed.size()), goes_on, on_event);
}

DoneEvent WorkerProcess::embed(const EmbedAsk& ask, const GoesOn& goes_on,
                               const std::function<void(const Event&)>& on_event) {
    return converse({{"do", order::kEmbed}, {order::kEmbed, to_json(ask)}}, 0, goes_on, on_event);
}

DoneEvent WorkerProcess::converse(const Json& order, int64_t resumed, const GoesOn& goes_on,
                                  const std::function<void(const Event&)>& on_event) {
    const size_t bytes = send_numbered(order);
    // Until it tells how long the prompt is, it computes nothing: it reads, and makes an automaton of a
    // grammar.
    Watch watch{.reading = limits_.text + time_to_read(bytes), .ahead = 1};
    for (;;) {
        if (!watch.cancelled && !goes_on()) {
            send({{"do", order::kCancel}});
            watch.cancelled = Clock::now();
        }
        const auto event = receive(kLookEvery);
        if (!event) {
            check_progress(watch);
            continue;
        }
        if (const auto* alive = std::get_if<AliveEvent>(&*event)) {
            // Before the first run of a graph it tells where it stands.
            if (alive->computed_tokens <= computed_) {
                check_progress(watch);
                continue;
            }
            const int64_t tokens = alive->computed_tokens - computed_;
            pace_.note(tokens, Clock::now() - watch.progress);
            computed_ = alive->computed_tokens;
            watch.come_further(tokens);
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
            if (!watch.cancelled) on_event(*event);
            follow(*event, resumed, watch);
        }
    }
}

TextEvent WorkerProcess::text(const Json& order) {
    const auto limit = limits_.text + time_to_read(send_numbered(order));
    const auto start = Clock::now();
    for (;;) {
        const auto event = receive(kLookEvery);
        if (since(start) > limit) throw WorkerFault("it does not answer");
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
