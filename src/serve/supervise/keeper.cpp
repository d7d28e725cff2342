#include "serve/supervise/keeper.hpp"

namespace ovenbird {

Keeper::Keeper(std::chrono::milliseconds every, std::function<void()> tend)
    : every_(every), tend_(std::move(tend)), thread_([this] { loop(); }) {}

Keeper::~Keeper() {
    {
        const std::lock_guard lock(mutex_);
        ends_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void Keeper::run(const std::function<void()>& work) {
    if (std::this_thread::get_id() == thread_.get_id()) return work();
    std::packaged_task<void()> task(work);
    auto done = task.get_future();
    {
        const std::lock_guard lock(mutex_);
        work_.push_back(std::move(task));
    }
    changed_.notify_all();
    done.get();
}

void Keeper::loop() {
    std::unique_lock lock(mutex_);
    while (!ends_) {
        if (work_.empty()) changed_.wait_for(lock, every_);
        while (!work_.empty()) {
            auto task = std::move(work_.front());
            work_.pop_front();
            lock.unlock();
            task();
            lock.lock();
        }
        if (ends_) return;
        lock.unlock();
        tend_();
        lock.lock();
    }
}

}  // namespace ovenbird
