#include "device/compiled_cache.hpp"

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
    make_cache(folder_);
    add("11843894954595712831.blob", 100, 3);
    add("9490599154148120478.blob", 100, 1);
    add("15282865380953629554.blob", 100, 2);
    EXPECT_EQ(trim_cache(folder_, 300), 0U);
    EXPECT_EQ(trim_cache(folder_, 250), 1U);
    EXPECT_FALSE(fs::exists(folder_ / "11843894954595712831.blob"));
    EXPECT_EQ(trim_cache(folder_, 0), 2U);
    EXPECT_TRUE(cache_entries(folder_).empty());
}

TEST_F(CacheTest, OtherFilesAreNotTouched) {
    make_cache(folder_);
    for (const char* name :
         {"notes.txt", "4000.blob", "4000_decode_256.blob", "model.blob", "11843894954595712831.bin"})
        add(name, 100, 9);
    EXPECT_EQ(trim_cache(folder_, 0), 0U);
    for (const char* name :
         {"notes.txt", "4000.blob", "4000_decode_256.blob", "model.blob", "11843894954595712831.bin"})
        EXPECT_TRUE(fs::exists(folder_ / name)) << name;
}

TEST_F(CacheTest, AFolderThatIsNotMarkedIsNotTouched) {
    add("11843894954595712831.blob", 100, 9);
    make_cache(folder_);  // something is there already: whose is not known
    EXPECT_FALSE(is_own_cache(folder_));
    EXPECT_EQ(trim_cache(folder_, 0), 0U);
    EXPECT_TRUE(fs::exists(folder_ / "11843894954595712831.blob"));
    write_file(folder_ / "CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n# another's\n");
    EXPECT_EQ(trim_cache(folder_, 0), 0U);
    make_cache(folder_ / "deep" / "new");
    EXPECT_TRUE(is_own_cache(folder_ / "deep" / "new"));
}

TEST_F(CacheTest, NoFolderIsAnEmptyCache) {
    EXPECT_TRUE(cache_entries(folder_ / "none").empty());
    EXPECT_EQ(trim_cache(folder_ / "none", 0), 0U);
}

}  // namespace
}  // namespace ovenbird
