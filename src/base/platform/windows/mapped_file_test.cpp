#include "base/platform/mapped_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

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

TEST(MappedFile, AnEmptyFileIsAnEmptySpan) {
    const TestFolder folder;
    write_file(folder / "empty", "");
    const auto map = MappedFile::open(folder / "empty");
    EXPECT_TRUE(map->bytes().empty());
    EXPECT_NO_THROW(map->drop(0, 100));
}

TEST(MappedFile, WhatCannotBeMappedIsAnErrorThatNamesIt) {
    const TestFolder folder;
    EXPECT_NE(error_of(ErrorCode::not_found, [&] { MappedFile::open(folder / "none"); }).find("none"),
              std::string::npos);
    error_of(ErrorCode::invalid_input, [&] { MappedFile::open(folder.path()); });
    error_of(ErrorCode::invalid_input, [&] { MappedFile::open("NUL"); });
}

TEST(MappedFile, DroppedPagesCanStillBeRead) {
    const TestFolder folder;
    const std::string content(100'000, 'w');
    write_file(folder / "a", content);
    const auto map = MappedFile::open(folder / "a");
    map->drop(0, content.size());
    map->drop(5000, 5);
    map->drop(content.size() + 1, 4096);
    map->drop(4096, std::numeric_limits<uint64_t>::max());
    EXPECT_EQ(as_text(map->bytes()), content);
}

TEST(WritableMap, WhatIsWrittenIsInTheFile) {
    const TestFolder folder;
    {
        const auto map = WritableMap::create(folder / "a", 100'000);
        ASSERT_EQ(map->bytes().size(), 100'000U);
        std::fill(map->bytes().begin(), map->bytes().end(), std::byte{'o'});
        map->start_writeback(0, 50'000);
        map->sync();
        EXPECT_EQ(read_file(folder / "a"), std::string(100'000, 'o'));
    }
    WritableMap::create(folder / "a", 4)->sync();
    EXPECT_EQ(read_file(folder / "a"), std::string(4, '\0'));
    const auto empty = WritableMap::create(folder / "a", 0);
    EXPECT_TRUE(empty->bytes().empty());
    empty->sync();
    EXPECT_EQ(read_file(folder / "a"), "");
}

// That a file so made has its clusters cannot be tried under Wine, where it is a sparse one.
TEST(WritableMap, TooLittleSpaceIsAnErrorWithBothFigures) {
    const TestFolder folder;
    const uint64_t needed = free_disk_bytes(folder.path()) + (uint64_t{1} << 40);
    const auto text = error_of(ErrorCode::no_space, [&] { WritableMap::create(folder / "a", needed); });
    EXPECT_NE(text.find((folder / "a").string() + ": needs " + std::to_string(needed) + " bytes and "),
              std::string::npos)
        << text;
    error_of(ErrorCode::no_space,
             [&] { WritableMap::create(folder / "a", std::numeric_limits<uint64_t>::max()); });
    error_of(ErrorCode::not_found, [&] { WritableMap::create(folder / "none/a", 1); });
}

}  // namespace
}  // namespace ovenbird
