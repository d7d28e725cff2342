#include "base/scratch_folder.hpp"

#include <gtest/gtest.h>

#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

TEST(ScratchFolder, IsItsOwnAndGoesWithAllThatItHolds) {
    fs::path kept;
    {
        const ScratchFolder one("test");
        const ScratchFolder other("test");
        EXPECT_NE(one.path(), other.path());
        EXPECT_TRUE(one.path().filename().string().starts_with("ovenbird-test-"));
        fs::create_directories(one.path() / "a" / "b");
        write_file(one.path() / "a" / "b" / "c", "text");
        kept = one.path();
    }
    EXPECT_FALSE(fs::exists(kept));
}

TEST(ScratchFolder, ADiskThatIsTooSmallIsSaidBeforehand) {
    const ScratchFolder folder("test");
    folder.check_disk(1, "a byte");
    const auto error = error_of(ErrorCode::no_space, [&] { folder.check_disk(UINT64_MAX, "the weights"); });
    EXPECT_NE(error.find("the weights"), std::string::npos) << error;
    EXPECT_NE(error.find("TMPDIR"), std::string::npos) << error;
}

}  // namespace
}  // namespace ovenbird
