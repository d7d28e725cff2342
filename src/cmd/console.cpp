#include "cmd/console.hpp"

#include <ovenbird_bridge.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <mutex>
#include <new>
#include <system_error>
#include <vector>

#include "base/error.hpp"
#include "base/platform/process.hpp"
#include "cmd/output.hpp"
#include "device/reason.hpp"

namespace ovenbird {
namespace {

constexpr auto kLineAtLeastEvery = std::chrono::seconds(5);
constexpr auto kLineAtMostEvery = std::chrono::seconds(1);

double mib(double bytes) {
    return bytes / (1 << 20);
}

double seconds_between(std::chrono::steady_clock::time_point from, std::chrono::steady_clock::time_point to) {
    return std::chrono::duration<double>(to - from).count();
}

struct FinishBar {
    void operator()(ObProgress* bar) const { ob_progress_finish(bar); }
};

}  // namespace

/// Standard error, with at most one bar at its foot; messages go above the bar.
class ConsoleSink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    void show_bar(const std::string& title, uint64_t total, bool counts_bytes) {
        bar_.reset(ob_progress_new(title.data(), title.size(), total, counts_bytes));
    }
    void hide_bar() { bar_.reset(); }
    bool has_bar() const { return bar_ != nullptr; }
    void move_bar(uint64_t done) { ob_progress_set(bar_.get(), done); }

private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        const std::string warning = message.level == spdlog::level::warn ? "warning: " : "";
        std::string line =
            fmt::format("{}{}", warning, std::string_view(message.payload.data(), message.payload.size()));
        if (bar_) return ob_progress_println(bar_.get(), line.data(), line.size());
        line += '\n';
        std::fwrite(line.data(), 1, line.size(), stderr);
    }
    void flush_() override { std::fflush(stderr); }

    std::unique_ptr<ObProgress, FinishBar> bar_;
};

ConsoleReporter::ConsoleReporter(const ConsoleOptions& options) : console_(std::make_shared<ConsoleSink>()) {
    console_->set_level(options.verbose ? spdlog::level::debug : spdlog::level::info);
    std::vector<spdlog::sink_ptr> sinks{console_};
    if (!options.log_file.empty()) {
        try {
            sinks.push_back(std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.log_file));
        } catch (const spdlog::spdlog_ex& error) {
            fail(ErrorCode::io, "--log-file: {}", error.what());
        }
        sinks.back()->set_pattern("%Y-%m-%d %H:%M:%S.%e %l: %v");
    }
    log_ = std::make_unique<spdlog::logger>("ovenbird", sinks.begin(), sinks.end());
    log_->set_level(spdlog::level::debug);
    log_->flush_on(spdlog::level::debug);
    // A log file on a full disk must not end the work, nor fill the terminal with spdlog's own complaints.
    log_->set_error_handler([](const std::string&) {});
}

ConsoleReporter::~ConsoleReporter() = default;

void ConsoleReporter::debug(const std::string& text) {
    log_->log(spdlog::level::debug, text);
}
void ConsoleReporter::note(const std::string& text) {
    log_->log(spdlog::level::info, text);
}
void ConsoleReporter::warn(const std::string& text) {
    log_->log(spdlog::level::warn, text);
}

void ConsoleReporter::log_failure(const std::string& text) {
    console_->hide_bar();
    console_->set_level(spdlog::level::off);
    log_->log(spdlog::level::err, text);
}

void ConsoleReporter::begin(const std::string& title, uint64_t total, WorkUnit unit) {
    end();
    title_ = title;
    unit_ = unit;
    total_ = total;
    done_ = last_line_done_ = 0;
    started_ = last_line_ = Clock::now();
    if (stderr_is_terminal()) console_->show_bar(title, total, unit == WorkUnit::bytes);
}

void ConsoleReporter::advance(uint64_t done) {
    done_ = done;
    if (console_->has_bar()) return console_->move_bar(done);
    if (is_line_due(done)) print_line(done);
}

// Every five seconds, or after a tenth of the work if that takes longer than a second.
bool ConsoleReporter::is_line_due(uint64_t done) const {
    const auto passed = Clock::now() - last_line_;
    if (passed >= kLineAtLeastEvery) return true;
    return passed >= kLineAtMostEvery && done >= last_line_done_ + total_ / 10;
}

void ConsoleReporter::print_line(uint64_t done_now) {
    last_line_ = Clock::now();
    last_line_done_ = done_now;
    const auto done = static_cast<double>(done_now);
    const auto total = static_cast<double>(std::max(done_now, total_));
    const double seconds = seconds_between(started_, last_line_);
    const double rate = seconds > 0 ? done / seconds : 0;
    const std::string left =
        rate > 0 ? fmt::format("{:.0f} s left", (total - done) / rate) : "time left unknown";
    const std::string amount = unit_ == WorkUnit::steps ? ""
                                                        : fmt::format("{:.1f} of {:.1f} MiB, {:.0f} MiB/s, ",
                                                                      mib(done), mib(total), mib(rate));
    note(fmt::format("{}: {:.0f}%, {}{}", title_, total > 0 ? 100 * done / total : 100, amount, left));
}

void ConsoleReporter::end() {
    if (title_.empty()) return;
    console_->hide_bar();
    const double seconds = seconds_between(started_, Clock::now());
    const std::string amount =
        unit_ == WorkUnit::steps ? "" : fmt::format("{:.1f} MiB in ", mib(static_cast<double>(done_)));
    note(fmt::format("{}: {}{:.1f} s", title_, amount, seconds));
    title_.clear();
}

namespace {

const char* advice_for(const std::error_code& code) {
    if (code == std::errc::permission_denied || code == std::errc::operation_not_permitted)
        return "; look at its permissions, or name another place";
    if (code == std::errc::read_only_file_system) return "; name a place that can be written to";
    if (code == std::errc::no_space_on_device) return "; free some space and try again";
    if (code == std::errc::not_a_directory) return "; a part of this path is a file";
    if (code == std::errc::file_exists) return "; remove it, or name another place";
    return "";
}

// What the standard library says is "filesystem error: cannot create directories: Permission denied
// [/root/x]".
std::string file_failure(const std::filesystem::filesystem_error& error) {
    constexpr std::string_view kBefore = "filesystem error: ";
    std::string_view doing = error.what();
    if (doing.starts_with(kBefore)) doing.remove_prefix(kBefore.size());
    const std::string reason = error.code().message();
    doing = doing.substr(0, doing.find(": " + reason));
    return fmt::format("{}: {}: {}{}", error.path1().string(), doing, reason, advice_for(error.code()));
}

}  // namespace

std::string failure_text(const std::exception& error) {
    if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr)
        return "out of memory; close other programs or choose a smaller model";
    if (const auto* file = dynamic_cast<const std::filesystem::filesystem_error*>(&error))
        return file_failure(*file);
    if (is_openvinos(error))
        return "OpenVINO refuses the model: " + one_line_reason(error.what()) +
               "; is its folder damaged? bake it again";
    if (dynamic_cast<const Error*>(&error) != nullptr || dynamic_cast<const OutputClosed*>(&error) != nullptr)
        return error.what();
    return fmt::format("{} (unexpected; please report this with the command you ran)", error.what());
}

int with_console(const ConsoleOptions& options, const std::function<int(ConsoleReporter&)>& work) {
    ConsoleReporter reporter(options);
    try {
        return work(reporter);
    } catch (const std::exception& error) {
        reporter.log_failure(failure_text(error));
        throw;
    }
}

}  // namespace ovenbird
