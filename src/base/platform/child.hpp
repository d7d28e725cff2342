#pragma once
// Running another program with a time limit and a memory limit, its output captured.
// Part of src/base/platform/, the only folder that a port to another system touches.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace ovenbird {

struct ChildLimits {
    std::chrono::milliseconds time{0};  // 0: none
    uint64_t address_space_bytes = 0;   // 0: none
    uint64_t output_bytes = 1 << 20;    // what is kept of each stream; the rest is read and dropped
};

struct ChildResult {
    enum class End { exited, signalled, timed_out } end = End::exited;
    int status = 0;  // exit status or signal number (on Windows the exception's)
    // "it ended with exit status 3", "it was killed by signal 11 (Segmentation fault)", "it crashed: access
    // violation (0xC0000005)"
    std::string how_it_ended;
    std::string output;
    std::string errors;
    uint64_t peak_resident_bytes = 0;  // 0: not known, because no larger than this process's own memory
    double seconds = 0;
};

/// Runs `command` (program looked up in PATH, no shell, empty standard input) and waits. Expected outcomes, a
/// crash and a time-out among them, are values. The whole process group is killed at the time limit, when the
/// program ends, when the user interrupts and when this process dies. Errors: not_found when the program does
/// not exist, io, interrupted.
ChildResult run_child(const std::vector<std::string>& command, const ChildLimits& limits = {});

}  // namespace ovenbird
