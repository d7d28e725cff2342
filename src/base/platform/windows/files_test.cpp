#include "base/platform/files.hpp"

#include <gtest/gtest.h>

#include "base/platform/mapped_file.hpp"
#include "base/platform/publish.hpp"
#include "base/platform/windows/system.hpp"
#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

TEST(Files, ReadingTellsWhatIsWrong) {
    const TestFolder folder;
    write_file(folder / "a", "12345");
    EXPECT_EQ(read_file(folder / "a", 5), "12345");
    const auto text = error_of(ErrorCode::invalid_input, [&] { read_file(folder / "a", 4); });
    EXPECT_NE(text.find("is larger than 4 bytes"), std::string::npos) << text;
    error_of(ErrorCode::invalid_input, [&] { read_file(folder.path()); });
    error_of(ErrorCode::not_found, [&] { read_file(folder / "none"); });
    error_of(ErrorCode::not_found, [&] { write_file(folder / "none/x", "y"); });
}

TEST(Files, TheSystemsWordsAreOneLine) {
    const auto text = system_message(ERROR_ACCESS_DENIED);
    EXPECT_FALSE(text.empty());
    EXPECT_EQ(text.find_first_of("\r\n"), std::string::npos);
    EXPECT_EQ(system_message(0x2FFFFFFF), "Windows error 805306367");
    error_of(ErrorCode::no_space, [] { fail_system("x", "write", ERROR_DISK_FULL); });
}

TEST(Files, ALinkIsAnotherNameOfTheFile) {
    const TestFolder folder;
    write_file(folder / "blob", "weights");
    link_file(folder / "blob", folder / "again");
    append_file(folder / "again", "!");
    EXPECT_EQ(read_file(folder / "blob"), "weights!");
    error_of(ErrorCode::io, [&] { link_file(folder / "blob", folder / "again"); });
    error_of(ErrorCode::not_found, [&] { link_file(folder / "none", folder / "b"); });
}

TEST(Files, SyncReachesEveryFile) {
    const TestFolder folder;
    fs::create_directories(folder / "a/b");
    write_file(folder / "a/b/c", "1");
    write_file(folder / "a/locked", "1");
    ::SetFileAttributesW(long_path(folder / "a/locked").c_str(), FILE_ATTRIBUTE_READONLY);
    EXPECT_NO_THROW(sync_tree(folder.path()));
    error_of(ErrorCode::not_found, [&] { sync_tree(folder / "none"); });
    EXPECT_NO_THROW(remove_tree(folder / "a")) << "a read-only file too";
    EXPECT_FALSE(fs::exists(folder / "a"));
}

TEST(Paths, AreAbsoluteAndOfAnyLength) {
    EXPECT_EQ(long_path(L"C:/a/../b/c."), L"\\\\?\\C:\\b\\c");
    EXPECT_EQ(long_path(L"\\\\server\\share\\x"), L"\\\\?\\UNC\\server\\share\\x");
    EXPECT_EQ(long_path(L"\\\\?\\C:\\x"), L"\\\\?\\C:\\x");
    EXPECT_EQ(long_path(L"NUL"), L"\\\\.\\NUL");
    EXPECT_TRUE(long_path(L"here").starts_with(L"\\\\?\\"));
    EXPECT_EQ(narrow(wide("Bäcker 面包 🍞")), "Bäcker 面包 🍞");
    EXPECT_EQ(fs::path(L"\u9762\u5305").string(), "面包") << "the library's names are UTF-8";
    EXPECT_EQ(fs::path("面包").native(), L"\u9762\u5305");
}

// All that the files of a bake meet, in a folder whose name std::filesystem could not make.
TEST(Paths, OfOddNamesWorkThroughout) {
    const TestFolder folder;
    for (const std::string& name : {std::string("two words"), std::string("Bäckerei Öl"), std::string("面包"),
                                    std::string(150, 'l') + "/" + std::string(150, 'm')}) {
        const fs::path place = folder.path() / name;
        for (const auto& made : {place.parent_path(), place})
            ::CreateDirectoryW(long_path(made).c_str(), nullptr);
        const fs::path work = place / "work";
        ASSERT_NE(::CreateDirectoryW(long_path(work).c_str(), nullptr), 0) << name;
        write_file(work / "file", "loaf");
        append_file(work / "file", " of bread");
        replace_file(work / "other", "x");
        replace_file(work / "other", "y");
        link_file(work / "file", work / "linked");
        EXPECT_EQ(read_file(work / "linked"), "loaf of bread");
        EXPECT_EQ(MappedFile::open(work / "file")->bytes().size(), 13U);
        WritableMap::create(work / "weights", 5000)->sync();
        EXPECT_GT(free_disk_bytes(work / "none"), 0U);
        EXPECT_TRUE(FileLock::try_lock(place / "lock").held());
        sync_tree(work);
        publish_folder(work, place / "out", false);
        ASSERT_NE(::CreateDirectoryW(long_path(work).c_str(), nullptr), 0);
        write_file(work / "file", "newer");
        publish_folder(work, place / "out", true);
        EXPECT_EQ(read_file(place / "out" / "file"), "newer");
        recover_folder(work, place / "out");
        const auto text = error_of(ErrorCode::not_found, [&] { read_file(place / "none"); });
        EXPECT_NE(text.find(name.substr(0, 9)), std::string::npos) << text;
    }
    remove_tree(folder.path());
    EXPECT_FALSE(is_there(folder.path()));
}

TEST(FileLock, KeepsNobodyFromTheContent) {
    const TestFolder folder;
    const FileLock lock = FileLock::try_lock(folder / "lock");
    ASSERT_TRUE(lock.held());
    write_file(folder / "lock", "who has it");
    EXPECT_EQ(read_file(folder / "lock"), "who has it");
}

TEST(FileLock, MayBeDeletedByItsHolder) {
    const TestFolder folder;
    {
        const FileLock lock = FileLock::try_lock(folder / "lock");
        ASSERT_TRUE(lock.held());
        EXPECT_NO_THROW(remove_tree(folder / "lock"));
    }
    EXPECT_FALSE(fs::exists(folder / "lock"));
    EXPECT_TRUE(FileLock::try_lock(folder / "lock").held());
}

TEST(Publish, AnOpenFileIsWaitedForAndThenToldOf) {
    const TestFolder folder;
    write_file(folder / "file", "old");
    const Handle held(::CreateFileW(long_path(folder / "file").c_str(), GENERIC_READ, FILE_SHARE_READ,
                                    nullptr, OPEN_EXISTING, 0, nullptr));
    ASSERT_TRUE(held.valid());
    error_of(ErrorCode::io, [&] { replace_file(folder / "file", "new"); });
    EXPECT_EQ(read_file(folder / "file"), "old");
    const fs::directory_iterator entries(folder.path());
    EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
}

}  // namespace
}  // namespace ovenbird
