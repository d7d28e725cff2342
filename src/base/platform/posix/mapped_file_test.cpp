#include "base/platform/mapped_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

std::string as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(MappedFile, ShowsTheWholeFileEvenAfterItsNameIsGone) {
    const TestFolder folder;
    write_file(folder / "a", "weights");
    const auto map = MappedFile::open(folder / "a");
    remove_tree(folder / "a");
    EXPECT_EQ(as_text(map->bytes()), "weights");
    EXPECT_EQ(map->path(), folder / "a");
}

TEST(MappedFile, WhatIsNoFileCannotBeMapped) {
    const TestFolder folder;
    error_of(ErrorCode::invalid_input, [&] { MappedFile::open("/dev/zero"); });
    ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
    error_of(ErrorCode::invalid_input, [&] { MappedFile::open(folder / "pipe"); });
}

TEST(WritableMap, ItsDiskSpaceIsReserved) {
    const TestFolder folder;
    const auto map = WritableMap::create(folder / "a", 1 << 20);
    struct stat status {};
    ASSERT_EQ(::stat((folder / "a").c_str(), &status), 0);
    EXPECT_GE(status.st_blocks * 512, 1 << 20);
}

}  // namespace
}  // namespace ovenbird
