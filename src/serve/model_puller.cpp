#include "serve/model_puller.hpp"

#include <chrono>

#include "base/error.hpp"
#include "base/platform/line_child.hpp"

namespace ovenbird {
namespace {

constexpr auto kTellEvery = std::chrono::milliseconds(250);
constexpr auto kLongestSilence = std::chrono::seconds(60);

std::string text_of(const Json& line, const char* key) {
    const Json& value = line.at(key);
    return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

bool ModelPuller::pull(const std::string& name, const Listener& listener) {
    {
        std::unique_lock lock(mutex_);
        while (!pulled_now_.insert(name).second) {
            changed_.wait_for(lock, kTellEvery);
            lock.unlock();
            if (!listener({{"status", "waiting: somebody else pulls it"}})) return false;
            lock.lock();
        }
    }
    const auto done = [&] {
        const std::lock_guard lock(mutex_);
        pulled_now_.erase(name);
        changed_.notify_all();
    };
    try {
        const bool whole = work(name, listener);
        done();
        return whole;
    } catch (...) {
        done();
        throw;
    }
}

bool ModelPuller::work(const std::string& name, const Listener& listener) const {
    std::vector<std::string> command = command_;
    command.insert(command.end(), {name, "--bake", "--json"});
    LineChild child(command);
    for (;;) {
        const Json line = Json::parse(child.read_line(kLongestSilence), nullptr, false);
        if (!line.is_object()) continue;
        if (line.contains("error")) fail(ErrorCode::invalid_input, "{}", text_of(line, "error"));
        if (!listener(line)) return false;
        if (line.contains("place")) return true;
    }
}

}  // namespace ovenbird
