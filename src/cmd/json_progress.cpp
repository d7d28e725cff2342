#include "cmd/json_progress.hpp"

#include <chrono>

#include "cmd/output.hpp"

namespace ovenbird {
namespace {

constexpr auto kEvery = std::chrono::milliseconds(250);

// Who reads them decides when the work ends; a reader that has gone is no reason to fail here.
void write_line(const Json& line) {
    (void)try_output(line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace

JsonProgress::JsonProgress(Reporter& messages) : messages_(messages), repeating_([this] { repeat(); }) {}

JsonProgress::~JsonProgress() {
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
    }
    changed_.notify_all();
    repeating_.join();
}

void JsonProgress::repeat() {
    std::unique_lock lock(mutex_);
    while (!ended_) {
        write_line(line_);
        changed_.wait_for(lock, kEvery, [this] { return ended_; });
    }
}

void JsonProgress::note(const std::string& text) {
    messages_.note(text);
    tell({{"status", text}});
}

void JsonProgress::warn(const std::string& text) {
    messages_.warn(text);
    tell({{"status", "warning: " + text}});
}

void JsonProgress::begin(const std::string& title, uint64_t total, WorkUnit unit) {
    end();
    const std::lock_guard lock(mutex_);
    total_ = total;
    line_ = {{"status", title},
             {"completed", 0},
             {"total", total},
             {"unit", unit == WorkUnit::bytes ? "bytes" : "steps"}};
    write_line(line_);
}

void JsonProgress::advance(uint64_t done) {
    const std::lock_guard lock(mutex_);
    line_["completed"] = done;
}

void JsonProgress::end() {
    const std::lock_guard lock(mutex_);
    if (!line_.contains("total")) return;
    line_["completed"] = total_;
    write_line(line_);
    line_ = {{"status", "working"}};
}

void JsonProgress::tell(const Json& line) {
    const std::lock_guard lock(mutex_);
    write_line(line);
}

}  // namespace ovenbird
