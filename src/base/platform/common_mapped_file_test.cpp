// What every system's mapped files do. That the space of a new one is taken at once is tried where a file
// system tells it: Wine makes sparse files.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "base/platform/mapped_file.hpp"
#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

std::string as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
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
    const auto map = WritableMap::create(folder / "a", 100'000);
    ASSERT_EQ(map->bytes().size(), 100'000U);
    std::fill(map->bytes().begin(), map->bytes().end(), std::byte{'o'});
    map->start_writeback(0, 50'000);
    map->sync();
    EXPECT_EQ(read_file(folder / "a"), std::string(100'000, 'o'));
}

TEST(WritableMap, ReplacesWhatAFileHeldAndMayBeEmpty) {
    const TestFolder folder;
    write_file(folder / "a", "something longer");
    WritableMap::create(folder / "a", 4)->sync();
    EXPECT_EQ(read_file(folder / "a"), std::string(4, '\0'));
    const auto empty = WritableMap::create(folder / "a", 0);
    EXPECT_TRUE(empty->bytes().empty());
    empty->sync();
    EXPECT_EQ(read_file(folder / "a"), "");
}

TEST(WritableMap, TooLittleSpaceIsAnErrorWithBothFigures) {
    const TestFolder folder;
    const uint64_t needed = free_disk_bytes(folder.path()) + (uint64_t{1} << 40);
    const auto text = error_of(ErrorCode::no_space, [&] { WritableMap::create(folder / "a", needed); });
    EXPECT_NE(text.find((folder / "a").string() + ": needs " + std::to_string(needed) + " bytes and "),
              std::string::npos)
        << text;
    error_of(ErrorCode::no_space,
             [&] { WritableMap::create(folder / "a", std::numeric_limits<uint64_t>::max()); });
}

TEST(WritableMap, AFolderThatIsNotThereIsAnError) {
    const TestFolder folder;
    error_of(ErrorCode::not_found, [&] { WritableMap::create(folder / "none/a", 1); });
}

}  // namespace
}  // namespace ovenbird
