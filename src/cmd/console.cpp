#include "cmd/console.hpp"

#include <ovenbird_bridge.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "base/error.hpp"
#include "base/platform/process.hpp"

namespace ovenbird {
namespace {

constexpr auto kLineEvery = std::chrono::seconds(5);

ObProgress* as_bar(void* bar) { return static_cast<ObProgress*>(bar); }

double mib(uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

std::vector<spdlog::sink_ptr> make_sinks(const ConsoleOptions& options) {
    auto console = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    console->set_pattern("%v");
    console->set_level(options.verbose ? spdlog::level::debug : spdlog::level::info);
    std::vector<spdlog::sink_ptr> sinks{console};
    if (options.log_file.empty()) return sinks;
    try {
        auto file = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.log_file);
        file->set_pattern("%Y-%m-%d %H:%M:%S.%e %l %v");
        file->set_level(spdlog::level::debug);
        sinks.push_back(file);
    } catch (const spdlog::spdlog_ex& error) {
        fail(ErrorCode::io, "--log-file: {}", error.what());
    }
    return sinks;
}

}  // namespace

ConsoleReporter::ConsoleReporter(const ConsoleOptions& options) {
    const auto sinks = make_sinks(options);
    log_ = std::make_unique<spdlog::logger>("ovenbird", sinks.begin(), sinks.end());
    log_->set_level(spdlog::level::debug);
    log_->flush_on(spdlog::level::debug);
}

ConsoleReporter::~ConsoleReporter() { ob_progress_finish(as_bar(bar_)); }

void ConsoleReporter::debug(const std::string& text) { log_->debug(text); }
void ConsoleReporter::note(const std::string& text) { log_->info(text); }
void ConsoleReporter::warn(const std::string& text) { log_->warn("warning: " + text); }

void ConsoleReporter::begin(const std::string& title, uint64_t total_bytes) {
    end();
    title_ = title;
    total_bytes_ = total_bytes;
    done_bytes_ = 0;
    started_ = last_line_ = Clock::now();
    if (stderr_is_terminal()) bar_ = ob_progress_new(title.data(), title.size(), total_bytes);
    if (bar_ == nullptr) log_->info("{}: {:.0f} MiB", title, mib(total_bytes));
}

void ConsoleReporter::advance(uint64_t done_bytes) {
    done_bytes_ = done_bytes;
    if (bar_ != nullptr) return ob_progress_set(as_bar(bar_), done_bytes);
    if (Clock::now() - last_line_ >= kLineEvery) print_line(done_bytes);
}

void ConsoleReporter::print_line(uint64_t done_bytes) {
    last_line_ = Clock::now();
    const double seconds = std::chrono::duration<double>(last_line_ - started_).count();
    const double rate = seconds > 0 ? mib(done_bytes) / seconds : 0;
    const double left = rate > 0 ? mib(total_bytes_ - std::min(done_bytes, total_bytes_)) / rate : 0;
    log_->info("{}: {:.0f} of {:.0f} MiB, {:.0f} MiB/s, {:.0f} s left", title_, mib(done_bytes), mib(total_bytes_),
               rate, left);
}

void ConsoleReporter::end() {
    if (title_.empty()) return;
    ob_progress_finish(as_bar(bar_));
    bar_ = nullptr;
    const double seconds = std::chrono::duration<double>(Clock::now() - started_).count();
    log_->info("{}: {:.0f} MiB in {:.1f} s", title_, mib(done_bytes_), seconds);
    title_.clear();
}

}  // namespace ovenbird
