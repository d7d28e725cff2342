#pragma once
// For tests: a fresh folder of the test's own, deleted afterwards.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/platform/files.hpp"
#include "base/platform/process.hpp"

namespace ovenbird {

class TestFolder {
public:
    TestFolder() {
        const auto* test = testing::UnitTest::GetInstance()->current_test_info();
        std::string name =
            fmt::format("ovenbird-{}-{}-{}", test->test_suite_name(), test->name(), process_id());
        std::replace(name.begin(), name.end(), '/', '-');  // of tests with parameters
        path_ = std::filesystem::path(testing::TempDir()) / name;
        remove_tree(path_);
        std::filesystem::create_directories(path_);
    }
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;
    ~TestFolder() {
        try {
            remove_tree(path_);
        } catch (const Error&) {  // the next test has a folder of its own
        }
    }
    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

/// What an Error says of a call that must fail; a test failure, and no text, when it does not.
template <typename Call>
std::string error_of(ErrorCode expected, Call&& call) {
    try {
        call();
    } catch (const Error& error) {
        EXPECT_EQ(error_name(error.code()), std::string(error_name(expected))) << error.what();
        return error.what();
    }
    ADD_FAILURE() << "no error, expected " << error_name(expected);
    return {};
}

}  // namespace ovenbird
