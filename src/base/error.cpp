#include "base/error.hpp"

namespace ovenbird {

const char* error_name(ErrorCode code) {
    switch (code) {
        case ErrorCode::usage:
            return "usage";
        case ErrorCode::not_found:
            return "not_found";
        case ErrorCode::invalid_input:
            return "invalid_input";
        case ErrorCode::unsupported:
            return "unsupported";
        case ErrorCode::io:
            return "io";
        case ErrorCode::no_space:
            return "no_space";
        case ErrorCode::device:
            return "device";
        case ErrorCode::verification:
            return "verification";
        case ErrorCode::interrupted:
            return "interrupted";
        case ErrorCode::internal:
            return "internal";
    }
    return "internal";
}

int exit_status(ErrorCode code) {
    if (code == ErrorCode::usage) return 2;
    if (code == ErrorCode::interrupted) return 130;
    return 1;
}

}  // namespace ovenbird
