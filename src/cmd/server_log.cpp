#include "cmd/server_log.hpp"

#include <fmt/chrono.h>

#include <chrono>
#include <cmath>

#include "base/json.hpp"

namespace ovenbird {
namespace {

// RFC 3339, in UTC, with milliseconds.
std::string now_text() {
    const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const auto ms = now.time_since_epoch().count() % 1000;
    return fmt::format("{:%FT%T}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(now)), ms);
}

std::string json_line(const char* level, const Json& fields) {
    Json line{{"time", now_text()}, {"level", level}};
    line.update(fields);
    return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string sentence(const AnsweredRequest& request) {
    return fmt::format("{} {} {} {:.0f} ms{}", request.method, request.path, request.status, request.ms,
                       request.client_has_gone ? ", the client has gone" : "");
}

Json fields_of(const AnsweredRequest& request) {
    Json fields{{"method", request.method},
                {"path", request.path},
                {"status", request.status},
                {"ms", std::round(request.ms * 10) / 10}};
    if (request.client_has_gone) fields["client_has_gone"] = true;
    return fields;
}

}  // namespace

void ServerLog::debug(const std::string& text) {
    const std::lock_guard lock(mutex_);
    console_.debug(as_json_ ? json_line("debug", {{"message", text}}) : text);
}

void ServerLog::note(const std::string& text) {
    const std::lock_guard lock(mutex_);
    console_.note(as_json_ ? json_line("info", {{"message", text}}) : text);
}

void ServerLog::warn(const std::string& text) {
    const std::lock_guard lock(mutex_);
    if (as_json_) return console_.note(json_line("warning", {{"message", text}}));
    console_.warn(text);
}

void ServerLog::begin(const std::string& title, uint64_t total, WorkUnit unit) {
    if (as_json_) return note(title);
    const std::lock_guard lock(mutex_);
    console_.begin(title, total, unit);
}

void ServerLog::advance(uint64_t done) {
    const std::lock_guard lock(mutex_);
    if (!as_json_) console_.advance(done);
}

void ServerLog::end() {
    const std::lock_guard lock(mutex_);
    if (!as_json_) console_.end();
}

void ServerLog::request(const AnsweredRequest& request) {
    const std::lock_guard lock(mutex_);
    console_.note(as_json_ ? json_line("info", fields_of(request)) : sentence(request));
}

}  // namespace ovenbird
