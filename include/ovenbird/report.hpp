#pragma once
// What long work tells its caller while it runs. Library code never prints; it calls a Reporter.

#include <cstdint>
#include <string>

namespace ovenbird {

/// What a piece of work is counted in. Steps have no name: only their share and the time left are told.
enum class WorkUnit { bytes, steps };

/// Receives notes, warnings and progress. Called from the thread that runs the work, never concurrently.
class Reporter {
public:
    virtual ~Reporter() = default;
    /// Detail that only --verbose shows.
    virtual void debug(const std::string& text) = 0;
    /// A decision worth knowing ("group size 64 instead of 128 for rows of 576").
    virtual void note(const std::string& text) = 0;
    /// Something the user probably did not want.
    virtual void warn(const std::string& text) = 0;
    /// Starts a piece of work of `total` bytes or steps; ends any earlier piece.
    virtual void begin(const std::string& title, uint64_t total, WorkUnit unit = WorkUnit::bytes) = 0;
    /// What is done so far in the piece that begin() started.
    virtual void advance(uint64_t done) = 0;
    /// Ends the piece.
    virtual void end() = 0;
};

/// Drops everything: for callers (tests, library users) that do not want to hear.
class SilentReporter : public Reporter {
public:
    void debug(const std::string&) override {}
    void note(const std::string&) override {}
    void warn(const std::string&) override {}
    void begin(const std::string&, uint64_t, WorkUnit) override {}
    void advance(uint64_t) override {}
    void end() override {}
};

}  // namespace ovenbird
