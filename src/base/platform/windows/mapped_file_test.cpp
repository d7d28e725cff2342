#include "base/platform/mapped_file.hpp"

#include <gtest/gtest.h>

#include "base/platform/windows/system.hpp"
#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

std::string as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(MappedFile, ShowsTheWholeFileAndLetsItBeRenamed) {
    const TestFolder folder;
    write_file(folder / "a", "weights");
    const auto map = MappedFile::open(folder / "a");
    EXPECT_NE(::MoveFileExW(long_path(folder / "a").c_str(), long_path(folder / "b").c_str(), 0), 0);
    EXPECT_EQ(as_text(map->bytes()), "weights");
    EXPECT_EQ(map->path(), folder / "a");
}

TEST(MappedFile, WhatIsNoFileCannotBeMapped) {
    error_of(ErrorCode::invalid_input, [&] { MappedFile::open("NUL"); });
}

}  // namespace
}  // namespace ovenbird
