#include "serve/supervise/model_host.hpp"

#include <algorithm>
#include <random>
#include <thread>

#include "base/error.hpp"

namespace ovenbird {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTendEvery{200};
constexpr milliseconds kAskEvery{20};
constexpr int kMostFaults = 4;       // within one answer
constexpr int kFaultsOfADevice = 2;  // in a row, before the next device is taken
constexpr milliseconds kFirstPause{50};
constexpr milliseconds kLongestPause{2000};

double ms_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

DoneEvent nobody_waits() {
    DoneEvent done;
    done.reason = FinishReason::interrupted;
    return done;
}

// "GPU.1" is of the list's "GPU", too.
bool is_device(const std::string& named, const std::string& device) {
    return named == device || device.starts_with(named + ".");
}

}  // namespace

ModelHost::ModelHost(Load load, HostOptions options)
    : load_(std::move(load)),
      options_(std::move(options)),
      keep_alive_(options_.keep_alive),
      keeper_(kTendEvery, [this] { tend(); }) {}

ModelHost::~ModelHost() {
    ends_ = true;
}

void ModelHost::log(const std::string& text) const {
    if (options_.log) options_.log(text);
}

void ModelHost::set_state(HostStatus::State state) {
    const std::lock_guard lock(status_mutex_);
    status_.state = state;
    status_.process = worker_ ? worker_->process() : 0;
}

Turns::Turn ModelHost::wait_turn(AnswerListener& listener) {
    if (turns_.is_full(options_.most_waiting))
        throw Busy(fmt::format("{} requests wait already", options_.most_waiting));
    return turns_.wait(options_.most_waiting, [&] { return listener.goes_on(); });
}

// The first try follows at once, later ones after growing pauses: a device may need time to come back.
bool ModelHost::pause_before_start(const WorkerProcess::GoesOn& goes_on) {
    if (faults_in_a_row_ < 2) return goes_on();
    const auto pause = std::min(kFirstPause * (1 << std::min(faults_in_a_row_ - 2, 8)), kLongestPause);
    for (const auto until = Clock::now() + pause; Clock::now() < until;) {
        if (!goes_on()) return false;
        std::this_thread::sleep_for(kAskEvery);
    }
    return true;
}

void ModelHost::keep_facts(ModelFacts facts) {
    facts.fallbacks.insert(facts.fallbacks.begin(), given_up_.begin(), given_up_.end());
    const std::lock_guard lock(status_mutex_);
    status_.facts = std::move(facts);
}

bool ModelHost::start(const WorkerProcess::GoesOn& goes_on) {
    if (!pause_before_start(goes_on)) return false;
    if (options_.make_room) options_.make_room();
    set_state(HostStatus::State::loading);
    try {
        keeper_.run([this] {
            worker_ = std::make_unique<WorkerProcess>(options_.worker, load_, options_.limits, pace_);
        });
        set_state(HostStatus::State::loading);
        auto facts = worker_->wait_ready(goes_on, [this](const std::string& text) { log(text); });
        if (!facts) {
            worker_.reset();
            set_state(HostStatus::State::unloaded);
            return false;
        }
        log(fmt::format("{} is open on {} after {:.1f} s", load_.folder.filename().string(), facts->device,
                        facts->load_s));
        keep_facts(std::move(*facts));
    } catch (const Error&) {  // the model cannot be opened: another worker would say the same
        worker_.reset();
        set_state(HostStatus::State::unloaded);
        throw;
    }
    was_wanted_ = true;
    set_state(HostStatus::State::ready);
    return true;
}

// A worker that lives, opened where there is none.
bool ModelHost::ready(const WorkerProcess::GoesOn& goes_on) {
    if (worker_ && worker_->has_ended()) throw WorkerFault(worker_->how_it_ended());
    return worker_ ? goes_on() : start(goes_on);
}

void ModelHost::give_up_device() {
    std::string device;
    {
        const std::lock_guard lock(status_mutex_);
        if (status_.facts) device = status_.facts->device;
    }
    auto& devices = load_.how.devices;
    const auto found = std::find_if(devices.begin(), devices.end(),
                                    [&](const auto& named) { return is_device(named, device); });
    if (found == devices.end() || devices.size() < 2) return;
    devices.erase(found);
    pace_ = Pace();
    faults_in_a_row_ = 0;
    const std::lock_guard lock(status_mutex_);
    given_up_.push_back(fmt::format("{}: given up after {} faults in a row, the last: {}", device,
                                    kFaultsOfADevice, status_.last_fault));
}

void ModelHost::note_fault(const std::string& reason) {
    worker_.reset();
    ++faults_in_a_row_;
    {
        const std::lock_guard lock(status_mutex_);
        ++status_.faults;
        status_.last_fault = reason;
    }
    set_state(HostStatus::State::unloaded);
    log(fmt::format("the worker of {} broke down: {}", load_.folder.filename().string(), reason));
    if (faults_in_a_row_ < kFaultsOfADevice) return;
    const size_t before = given_up_.size();
    give_up_device();
    if (given_up_.size() > before) log(given_up_.back());
}

// `work` with a worker, again where one breaks down. Nothing: the listener has gone.
template <typename Result>
std::optional<Result> ModelHost::with_worker(AnswerListener& listener,
                                             const std::function<Result(WorkerProcess&)>& work) {
    const auto goes_on = [&] { return listener.goes_on(); };
    for (int faults = 0;;) {
        try {
            if (!ready(goes_on)) return std::nullopt;
            set_state(HostStatus::State::answering);
            Result result = work(*worker_);
            faults_in_a_row_ = 0;
            last_used_ = Clock::now();
            set_state(HostStatus::State::ready);
            return result;
        } catch (const WorkerFault& fault) {
            note_fault(fault.what());
            if (++faults >= kMostFaults)
                fail(ErrorCode::device,
                     "the worker broke down {} times with this request, the last time: {}; the log says more",
                     faults, fault.what());
        } catch (...) {
            last_used_ = Clock::now();
            // What the listener throws leaves an answer under way that nobody hears.
            if (worker_ && worker_->is_busy()) worker_.reset();
            set_state(worker_ ? HostStatus::State::ready : HostStatus::State::unloaded);
            throw;
        }
    }
}

DoneEvent ModelHost::in_turn(AnswerListener& listener, double* queue_ms,
                             const std::function<DoneEvent(WorkerProcess&)>& work) {
    const auto start = Clock::now();
    const Turns::Turn turn = wait_turn(listener);
    if (queue_ms != nullptr) *queue_ms = ms_since(start);
    if (!turn) return nobody_waits();
    return with_worker(listener, work).value_or(nobody_waits());
}

DoneEvent ModelHost::answer(Ask ask, AnswerListener& listener, double* queue_ms) {
    // Drawn here, so that an answer that goes on in another worker goes on as it began.
    if (!ask.sampling.seed)
        ask.sampling.seed = (uint64_t{std::random_device{}()} << 32U) | std::random_device{}();
    bool prompt_heard = false;
    const auto hear = [&](const Event& event) {
        if (std::holds_alternative<PromptEvent>(event) && std::exchange(prompt_heard, true)) return;
        if (const auto* piece = std::get_if<PieceEvent>(&event))
            ask.resumed.insert(ask.resumed.end(), piece->ids.begin(), piece->ids.end());
        listener.hear(event);
    };
    return in_turn(listener, queue_ms, [&](WorkerProcess& worker) {
        return worker.answer(
            ask, [&] { return listener.goes_on(); }, hear);
    });
}

DoneEvent ModelHost::embed(EmbedAsk ask, AnswerListener& listener, double* queue_ms) {
    const auto hear = [&](const Event& event) {
        if (const auto* facts = std::get_if<ModelFacts>(&event)) keep_facts(*facts);
        if (!std::holds_alternative<VectorEvent>(event)) return;
        ++ask.first;
        listener.hear(event);
    };
    return in_turn(listener, queue_ms, [&](WorkerProcess& worker) {
        return worker.embed(
            ask, [&] { return listener.goes_on(); }, hear);
    });
}

TextEvent ModelHost::text(const Json& order, AnswerListener& listener) {
    const Turns::Turn turn = wait_turn(listener);
    if (!turn) return {};
    const std::function<TextEvent(WorkerProcess&)> work = [&](WorkerProcess& worker) {
        return worker.text(order);
    };
    return with_worker(listener, work).value_or(TextEvent());
}

bool ModelHost::load(AnswerListener& listener) {
    const Turns::Turn turn = wait_turn(listener);
    const std::function<bool(WorkerProcess&)> work = [](WorkerProcess&) { return true; };
    return turn && with_worker(listener, work).has_value();
}

bool ModelHost::unload() {
    const Turns::Turn turn = turns_.try_now();
    if (!turn) return false;
    if (worker_) log(fmt::format("{} is unloaded", load_.folder.filename().string()));
    was_wanted_ = false;
    worker_.reset();
    set_state(HostStatus::State::unloaded);
    return true;
}

void ModelHost::set_keep_alive(std::chrono::seconds time) {
    keep_alive_ = time;
}

// Idle workers: those that nobody used for long end, those that ended by themselves are started again.
void ModelHost::tend() {
    const auto keep = keep_alive_.load();
    const bool expired = keep.count() >= 0 && Clock::now() - last_used_.load() >= keep;
    if (expired) {
        if (status().state == HostStatus::State::ready) unload();
        return;
    }
    const Turns::Turn turn = turns_.try_now();
    if (!turn) return;
    try {
        if (worker_ && worker_->has_ended()) note_fault(worker_->how_it_ended());
        if (!worker_ && was_wanted_ && faults_in_a_row_ < kMostFaults) start([this] { return !ends_; });
    } catch (const WorkerFault& fault) {
        note_fault(fault.what());
    } catch (const std::exception& error) {
        was_wanted_ = false;
        log(error.what());
    }
}

HostStatus ModelHost::status() const {
    HostStatus status;
    {
        const std::lock_guard lock(status_mutex_);
        status = status_;
    }
    status.waiting = turns_.waiting();
    const auto keep = keep_alive_.load();
    if (status.state != HostStatus::State::unloaded && keep.count() >= 0) {
        const auto left = keep - (Clock::now() - last_used_.load());
        status.unloads_at = std::chrono::system_clock::now() +
                            std::chrono::duration_cast<std::chrono::system_clock::duration>(left);
    }
    return status;
}

}  // namespace ovenbird
