#include "device/cache.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

class CacheTest : public testing::Test {
protected:
    void add(const char* name, size_t bytes, int age_hours) const {
        write_file(folder_ / name, std::string(bytes, 'x'));
        fs::last_write_time(folder_ / name, fs::file_time_type::clock::now() - std::chrono::hours(age_hours));
    }
    TestFolder temporary_;
    fs::path folder_ = temporary_.path();
};

TEST_F(CacheTest, TheOldestGoUntilTheRestFits) {
    add("old.blob", 100, 3);
    add("new.blob", 100, 1);
    add("middle.blob", 100, 2);
    EXPECT_EQ(trim_cache(folder_, 300), 0U);
    EXPECT_EQ(trim_cache(folder_, 250), 1U);
    EXPECT_FALSE(fs::exists(folder_ / "old.blob"));
    EXPECT_EQ(trim_cache(folder_, 0), 2U);
    EXPECT_TRUE(cache_entries(folder_).empty());
}

TEST_F(CacheTest, OtherFilesAreNotTouched) {
    add("notes.txt", 100, 9);
    EXPECT_EQ(trim_cache(folder_, 0), 0U);
    EXPECT_TRUE(fs::exists(folder_ / "notes.txt"));
}

TEST_F(CacheTest, NoFolderIsAnEmptyCache) {
    EXPECT_TRUE(cache_entries(folder_ / "none").empty());
    EXPECT_EQ(trim_cache(folder_ / "none", 0), 0U);
}

}  // namespace
}  // namespace ovenbird
