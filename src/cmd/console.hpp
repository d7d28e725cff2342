#pragma once
// What a person sees of long work on standard error: messages by spdlog, progress by indicatif or plain
// lines.

#include <spdlog/logger.h>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <string>

#include "base/report.hpp"
#include "cmd/options.hpp"

namespace ovenbird {

class ConsoleSink;

/// Bars on a terminal; elsewhere now and then a line. All messages, debug ones too, go to the log file as
/// well.
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
    void begin(const std::string& title, uint64_t total, WorkUnit unit = WorkUnit::bytes) override;
    void advance(uint64_t done) override;
    void end() override;
    /// For the log file only: the program itself says on standard error why it ends.
    void log_failure(const std::string& text);

private:
    using Clock = std::chrono::steady_clock;
    bool is_line_due(uint64_t done) const;
    void print_line(uint64_t done);

    std::shared_ptr<ConsoleSink> console_;
    std::unique_ptr<spdlog::logger> log_;
    std::string title_;
    WorkUnit unit_ = WorkUnit::bytes;
    uint64_t total_ = 0;
    uint64_t done_ = 0;
    Clock::time_point started_;
    Clock::time_point last_line_;
    uint64_t last_line_done_ = 0;
};

/// What the program says of the error that ends it.
std::string failure_text(const std::exception& error);

/// Runs `work` with a reporter. What it throws is written to the log file and thrown on.
int with_console(const ConsoleOptions& options, const std::function<int(ConsoleReporter&)>& work);

}  // namespace ovenbird
