#include "base/platform/mapped_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <limits>

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
    error_of(ErrorCode::invalid_input, [&] { MappedFile::open("/dev/zero"); });
    ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
    error_of(ErrorCode::invalid_input, [&] { MappedFile::open(folder / "pipe"); });
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

TEST(WritableMap, ItsDiskSpaceIsReserved) {
    const TestFolder folder;
    const auto map = WritableMap::create(folder / "a", 1 << 20);
    struct stat status {};
    ASSERT_EQ(::stat((folder / "a").c_str(), &status), 0);
    EXPECT_GE(status.st_blocks * 512, 1 << 20);
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
