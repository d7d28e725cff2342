#include "device/blob.hpp"

#include <gtest/gtest.h>

#include "base/hash.hpp"
#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

TEST(Blob, OnlyTheRightOneForThisPlatformIsLoaded) {
    const TestFolder folder;
    const auto path = folder / "4000.blob";
    write_file(path, "compiled");
    const BlobFile blob{4000, path, 8, hash_file(path), ""};
    EXPECT_EQ(blob_problem(blob, 4000), "");
    EXPECT_NE(blob_problem(blob, 3720).find("3720"), std::string::npos);

    write_file(path, "compilex");
    EXPECT_NE(blob_problem(blob, 4000).find("altered"), std::string::npos);
    write_file(path, "compile");
    EXPECT_NE(blob_problem(blob, 4000).find("7 bytes instead of 8"), std::string::npos);
    std::filesystem::remove(path);
    EXPECT_NE(blob_problem(blob, 4000).find("missing"), std::string::npos);
}

TEST(Blob, PlatformsOfArchitectures) {
    EXPECT_EQ(platform_of("4000"), 4000);
    EXPECT_EQ(platform_of("NPU5010"), 5010);
    EXPECT_EQ(platform_of("unknown"), 0);
    EXPECT_EQ(platform_of(""), 0);
    EXPECT_EQ(platform_of("123456789012"), 0);
}

}  // namespace
}  // namespace ovenbird
