#pragma once
// A thread that starts a model's workers and looks after them: on Linux a child ends with the thread that
// started it, and threads that answer requests come and go.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

namespace ovenbird {

class Keeper {
public:
    /// `tend` is called again and again, so often at least, until the keeper ends.
    Keeper(std::chrono::milliseconds every, std::function<void()> tend);
    ~Keeper();
    Keeper(const Keeper&) = delete;
    Keeper& operator=(const Keeper&) = delete;

    /// Runs it in the keeper's thread and waits; what it throws comes out of here.
    void run(const std::function<void()>& work);

private:
    void loop();

    std::chrono::milliseconds every_;
    std::function<void()> tend_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::packaged_task<void()>> work_;
    bool ends_ = false;
    std::thread thread_;
};

}  // namespace ovenbird
