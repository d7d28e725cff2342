#include "base/error.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ovenbird {
namespace {

TEST(Error, EveryCodeHasItsNameAndExitStatus) {
    struct Row {
        ErrorCode code;
        const char* name;
        int status;
    };
    const Row rows[] = {
        {ErrorCode::usage, "usage", 2},
        {ErrorCode::not_found, "not_found", 1},
        {ErrorCode::invalid_input, "invalid_input", 1},
        {ErrorCode::unsupported, "unsupported", 1},
        {ErrorCode::io, "io", 1},
        {ErrorCode::no_space, "no_space", 1},
        {ErrorCode::device, "device", 1},
        {ErrorCode::verification, "verification", 1},
        {ErrorCode::interrupted, "interrupted", 130},
        {ErrorCode::internal, "internal", 1},
    };
    for (const auto& row : rows) {
        EXPECT_STREQ(error_name(row.code), row.name);
        EXPECT_EQ(exit_status(row.code), row.status) << row.name;
    }
}

TEST(Error, FailFormatsItsMessageAndKeepsItsCode) {
    try {
        fail(ErrorCode::unsupported, "{}: {} of {}", "a.gguf", 3, "Q2_K");
        FAIL() << "fail() returned";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::unsupported);
        EXPECT_STREQ(error.what(), "a.gguf: 3 of Q2_K");
    }
}

}  // namespace
}  // namespace ovenbird
