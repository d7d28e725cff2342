#pragma once
// Starting another program with its streams redirected, and ending it for certain: what run_child() and
// LineChild share. Posix only.

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/platform/posix/descriptor.hpp"

namespace ovenbird {

struct Pipe {
    Descriptor read_end;
    Descriptor write_end;

    static Pipe make();
};

/// A child's streams; the child has copies, so they may be closed once it runs.
struct ChildStreams {
    int input;
    int output;
    int errors;
};

/// Starts `command` in a process group of its own that dies with this process. Errors: not_found, io.
pid_t start_child(const std::vector<std::string>& command, const ChildStreams& streams,
                  uint64_t address_space_bytes);

/// A running child; the destructor leaves no process of its group behind, whatever was thrown.
class RunningChild {
public:
    explicit RunningChild(pid_t child) : child_(child) {}
    RunningChild(const RunningChild&) = delete;
    RunningChild& operator=(const RunningChild&) = delete;
    ~RunningChild();
    void kill_group() const;
    bool has_ended() const;
    void collect(int& status, rusage& usage);

private:
    pid_t child_;
    bool ended_ = false;
};

}  // namespace ovenbird
