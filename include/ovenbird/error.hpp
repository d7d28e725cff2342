#pragma once
// The one way Ovenbird reports that something went wrong: a code for programs, a sentence for people.

#include <stdexcept>
#include <string>

namespace ovenbird {

enum class ErrorCode {
    usage,          // the command line or a call contradicts itself
    not_found,      // a file, folder, tensor or device is not there
    invalid_input,  // a file or request is malformed or contradicts another one
    unsupported,    // well-formed, but outside what Ovenbird does; the message lists what it does
    io,             // the operating system refused a read, write, rename or map
    no_space,       // the disk is, or would become, full
    device,         // no device could compile or run the model
    verification,   // a result failed Ovenbird's own check
    interrupted,    // the user asked to stop (Ctrl-C)
    internal,       // a bug in Ovenbird
};

/// Thrown by library code. `what()` names the file, tensor or node, the reason, and what to do next.
class Error : public std::runtime_error {
public:
    Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
    ErrorCode code() const noexcept { return code_; }

private:
    ErrorCode code_;
};

/// The short stable name of a code, as it appears in --json output ("invalid_input").
const char* error_name(ErrorCode code);

/// The exit status of a program that ends with this error: 2 usage, 130 interrupted, else 1.
int exit_status(ErrorCode code);

}  // namespace ovenbird
