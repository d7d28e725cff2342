#pragma once
// Starting another program with its streams redirected, and ending it for certain: what run_child(),
// LineChild and FramedChild share. Windows only.

#include <cstdint>
#include <string>
#include <vector>

#include "base/platform/windows/system.hpp"

namespace ovenbird {

/// A child's streams; the child has copies, so they may be closed once it runs.
struct ChildStreams {
    HANDLE input;
    HANDLE output;
    HANDLE errors;
};

struct ChildEnd {
    uint32_t status = 0;
    uint64_t peak_resident_bytes = 0;

    /// Windows ends a process that crashes with the exception's number.
    bool crashed() const { return status >= 0xC0000000; }
    /// "it crashed: access violation (0xC0000005)", "it ended with exit status 3".
    std::string words() const;
};

/// The command line that a program's runtime takes apart into these words again.
std::wstring command_line(const std::vector<std::string>& command);

/// A running child in a job of its own; the destructor leaves no process of it behind, whatever was thrown.
/// The job also ends when this process does, in whatever way.
class RunningChild {
public:
    /// Starts `command`. `memory_bytes`: what each of its processes may commit; 0: no limit. Errors:
    /// not_found, io.
    RunningChild(const std::vector<std::string>& command, const ChildStreams& streams, uint64_t memory_bytes);
    RunningChild(const RunningChild&) = delete;
    RunningChild& operator=(const RunningChild&) = delete;
    ~RunningChild();
    /// Waits as long as `limit_ms` for it.
    bool has_ended(DWORD limit_ms = 0) const;
    /// Ends what is left of the job, and waits. Once.
    ChildEnd collect();
    /// So far.
    uint64_t peak_resident_bytes() const;
    uint32_t number() const { return number_; }

private:
    Handle job_;  // the only one: the job ends with it
    Handle process_;
    uint32_t number_ = 0;
    bool ended_ = false;
};

}  // namespace ovenbird
