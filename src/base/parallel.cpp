#include "base/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "base/error.hpp"

namespace ovenbird {
namespace {

// What the workers and the calling thread share for one parallel_for.
struct Shared {
    std::atomic<size_t> next{0};
    std::atomic<size_t> finished{0};
    std::atomic<bool> stop{false};
    std::mutex mutex;
    std::condition_variable done;
    size_t running = 0;
    std::exception_ptr error;

    void keep_error() {
        const std::lock_guard lock(mutex);
        if (!error) error = std::current_exception();
        stop = true;
    }
};

void work(Shared& shared, size_t count, const std::function<void(size_t)>& body) {
    try {
        while (!shared.stop) {
            const size_t index = shared.next++;
            if (index >= count) break;
            body(index);
            ++shared.finished;
        }
    } catch (...) {
        shared.keep_error();
    }
    const std::lock_guard lock(shared.mutex);
    --shared.running;
    shared.done.notify_all();
}

// Where the system refuses more threads, the ones there are do all the work.
void start(std::vector<std::jthread>& threads, size_t workers, Shared& shared,
           const std::function<void()>& task) {
    while (threads.size() < workers) {
        {
            const std::lock_guard lock(shared.mutex);
            ++shared.running;
        }
        try {
            threads.emplace_back(task);
        } catch (const std::system_error& error) {
            const std::lock_guard lock(shared.mutex);
            --shared.running;
            if (threads.empty())
                fail(ErrorCode::io, "the system refuses to start a thread: {}", error.what());
            return;
        }
    }
}

}  // namespace

unsigned worker_count() {
    return std::max(1U, std::thread::hardware_concurrency());
}

void parallel_for(size_t count, const std::function<void(size_t)>& body,
                  const std::function<void(size_t)>& tick, unsigned most_workers) {
    Shared shared;
    const size_t workers = std::min<size_t>({worker_count(), most_workers, count});
    {
        std::vector<std::jthread> threads;
        threads.reserve(workers);
        start(threads, workers, shared, [&] { work(shared, count, body); });
        std::unique_lock lock(shared.mutex);
        while (!shared.done.wait_for(lock, std::chrono::milliseconds(100),
                                     [&] { return shared.running == 0; })) {
            if (!tick || shared.stop) continue;
            lock.unlock();
            try {
                tick(shared.finished);
            } catch (...) {
                shared.keep_error();
            }
            lock.lock();
        }
    }
    if (shared.error) std::rethrow_exception(shared.error);
    if (tick) tick(shared.finished);
}

}  // namespace ovenbird
