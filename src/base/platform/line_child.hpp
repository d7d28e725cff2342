#pragma once
// Another program that answers lines with lines.
// Part of src/base/platform/, the only folder that a port to another system touches.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace ovenbird {

/// Its standard error is dropped. Ended, with all of its process group, by the destructor and when this
/// process dies.
class LineChild {
public:
    /// Starts `command` (looked up in PATH, no shell). Errors: not_found, io.
    explicit LineChild(const std::vector<std::string>& command);
    LineChild(LineChild&&) noexcept;
    LineChild& operator=(LineChild&&) noexcept;
    ~LineChild();

    /// Sends one line. Errors: io (it ended: how).
    void write_line(const std::string& line);
    /// The next line, without its end. Errors: io (it ended: how; said too much, or nothing within `limit`),
    /// interrupted.
    std::string read_line(std::chrono::milliseconds limit);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace ovenbird
