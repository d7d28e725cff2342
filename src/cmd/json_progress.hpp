#pragma once
// Progress for another program: lines of JSON on standard output.

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "base/json.hpp"
#include "base/report.hpp"

namespace ovenbird {

/// Each line is an object: {"status": what is done, "completed": n, "total": n, "unit": "bytes" or "steps"},
/// without figures for a message. At least one every quarter of a second, so that a reader knows that the
/// work goes on. Messages go to `messages` as well.
class JsonProgress : public Reporter {
public:
    explicit JsonProgress(Reporter& messages);
    ~JsonProgress() override;
    JsonProgress(const JsonProgress&) = delete;
    JsonProgress& operator=(const JsonProgress&) = delete;

    void debug(const std::string& text) override { messages_.debug(text); }
    void note(const std::string& text) override;
    void warn(const std::string& text) override;
    void begin(const std::string& title, uint64_t total, WorkUnit unit = WorkUnit::bytes) override;
    void advance(uint64_t done) override;
    void end() override;
    /// A last line of the caller's own.
    void tell(const Json& line);

private:
    void repeat();

    Reporter& messages_;
    std::mutex mutex_;
    std::condition_variable changed_;
    Json line_{{"status", "starting"}};
    uint64_t total_ = 0;
    bool ended_ = false;
    std::thread repeating_;
};

}  // namespace ovenbird
