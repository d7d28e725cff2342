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

/// "it ended with exit status 3", "it was killed by signal 11 (Segmentation fault)".
std::string end_words(int status);

/// A running child in a process group of its own; the destructor leaves no process of its group behind,
/// whatever was thrown. The group also ends when this process does, in whatever way.
class RunningChild {
public:
    /// Starts `command`. Errors: not_found, io.
    RunningChild(const std::vector<std::string>& command, const ChildStreams& streams,
                 uint64_t address_space_bytes);
    RunningChild(const RunningChild&) = delete;
    RunningChild& operator=(const RunningChild&) = delete;
    ~RunningChild();
    bool has_ended() const;
    /// Ends what is left of the group, and waits. Once.
    void collect(int& status, rusage& usage);
    pid_t number() const { return child_; }
    /// The process group's number.
    pid_t group() const { return guard_; }

private:
    pid_t child_ = -1;
    pid_t guard_ = -1;  // leads the child's group: ends the group when it reads the end of the lifeline
    Descriptor lifeline_{-1};  // the only writing end
    bool ended_ = false;
};

}  // namespace ovenbird
