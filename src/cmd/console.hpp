#pragma once
// What a person sees of long work on standard error: messages by spdlog, progress by indicatif or plain lines.

#include <spdlog/logger.h>

#include <chrono>
#include <memory>
#include <string>

#include "base/report.hpp"
#include "cmd/options.hpp"

namespace ovenbird {

/// Bars on a terminal; elsewhere at most one line every few seconds. Messages go to the log file as well.
class ConsoleReporter : public Reporter {
public:
    /// Errors: io when the log file cannot be opened.
    explicit ConsoleReporter(const ConsoleOptions& options);
    ~ConsoleReporter() override;
    ConsoleReporter(const ConsoleReporter&) = delete;
    ConsoleReporter& operator=(const ConsoleReporter&) = delete;

    void debug(const std::string& text) override;
    void note(const std::string& text) override;
    void warn(const std::string& text) override;
    void begin(const std::string& title, uint64_t total_bytes) override;
    void advance(uint64_t done_bytes) override;
    void end() override;

private:
    using Clock = std::chrono::steady_clock;
    void print_line(uint64_t done_bytes);

    std::unique_ptr<spdlog::logger> log_;
    void* bar_ = nullptr;  // the bridge's progress bar
    std::string title_;
    uint64_t total_bytes_ = 0;
    uint64_t done_bytes_ = 0;
    Clock::time_point started_;
    Clock::time_point last_line_;
};

}  // namespace ovenbird
