#include "serve/supervise/turns.hpp"

#include <chrono>
#include <exception>

namespace ovenbird {
namespace {

constexpr auto kAskEvery = std::chrono::milliseconds(50);

}  // namespace

Turns::Turn Turns::wait(size_t most, const std::function<bool()>& goes_on) {
    std::unique_lock lock(mutex_);
    if (queue_.size() >= most && (taken_ || !queue_.empty())) return {};
    const auto place = queue_.insert(queue_.end(), next_++);
    while (taken_ || queue_.front() != *place) {
        changed_.wait_for(lock, kAskEvery);
        lock.unlock();
        bool stays = false;
        std::exception_ptr thrown;
        try {
            stays = goes_on();
        } catch (...) {  // whoever leaves so lets the others pass, too
            thrown = std::current_exception();
        }
        lock.lock();
        if (stays) continue;
        queue_.erase(place);
        changed_.notify_all();
        if (thrown) std::rethrow_exception(thrown);
        return {};
    }
    queue_.erase(place);
    taken_ = true;
    return Turn(this);
}

Turns::Turn Turns::try_now() {
    const std::lock_guard lock(mutex_);
    if (taken_ || !queue_.empty()) return {};
    taken_ = true;
    return Turn(this);
}

bool Turns::is_full(size_t most) const {
    const std::lock_guard lock(mutex_);
    return taken_ && queue_.size() >= most;
}

size_t Turns::waiting() const {
    const std::lock_guard lock(mutex_);
    return queue_.size();
}

void Turns::leave() {
    const std::lock_guard lock(mutex_);
    taken_ = false;
    changed_.notify_all();
}

}  // namespace ovenbird
