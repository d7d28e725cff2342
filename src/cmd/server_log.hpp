#pragma once
// What a server says on standard error, as sentences or as an object of JSON a line.

#include <mutex>
#include <string>

#include "base/report.hpp"
#include "serve/server.hpp"

namespace ovenbird {

/// May be used from several threads. Progress is told as sentences only.
class ServerLog : public Reporter {
public:
    ServerLog(Reporter& console, bool as_json) : console_(console), as_json_(as_json) {}

    void debug(const std::string& text) override;
    void note(const std::string& text) override;
    void warn(const std::string& text) override;
    void begin(const std::string& title, uint64_t total, WorkUnit unit = WorkUnit::bytes) override;
    void advance(uint64_t done) override;
    void end() override;
    void request(const AnsweredRequest& request);

private:
    Reporter& console_;
    const bool as_json_;
    std::mutex mutex_;
};

}  // namespace ovenbird
