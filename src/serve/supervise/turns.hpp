#pragma once
// Who is next: one at a time, first come, first served, and whoever does not want to wait any more leaves.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <utility>

namespace ovenbird {

class Turns {
public:
    /// Held while it lives.
    class Turn {
    public:
        Turn() = default;
        explicit Turn(Turns* turns) : turns_(turns) {}
        Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)) {}
        Turn& operator=(Turn&& other) noexcept {
            std::swap(turns_, other.turns_);
            return *this;
        }
        ~Turn() {
            if (turns_ != nullptr) turns_->leave();
        }
        explicit operator bool() const { return turns_ != nullptr; }

    private:
        Turns* turns_ = nullptr;
    };

    /// Waits; `goes_on` is asked several times a second, and false gives up: no turn. Nor is there one where
    /// `most` wait already: see is_full().
    Turn wait(size_t most, const std::function<bool()>& goes_on);
    /// A turn only if nobody has it or waits.
    Turn try_now();
    /// Whether the last one who had it, or waits for it, would be beyond `most`.
    bool is_full(size_t most) const;
    size_t waiting() const;

private:
    void leave();

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::list<uint64_t> queue_;  // of those who wait
    uint64_t next_ = 0;
    bool taken_ = false;
};

}  // namespace ovenbird
