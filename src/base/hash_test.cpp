#include "base/hash.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <vector>

#include "base/error.hpp"
#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

/// The input of BLAKE3's published test vectors: bytes counting 0 to 250 over and over.
std::vector<std::byte> vector_input(size_t size) {
    std::vector<std::byte> bytes(size);
    for (size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<std::byte>(i % 251);
    return bytes;
}

struct Vector {
    size_t size;
    const char* hash;
};
// From the test vectors of the BLAKE3 specification, first 32 bytes of each.
const Vector kVectors[] = {
    {0, "blake3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"},
    {1, "blake3:2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"},
    {1024, "blake3:42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"},
    {102400, "blake3:bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"},
};

class HashFile : public testing::Test {
protected:
    TestFolder folder_;
};

TEST(HashBytes, GivesThePublishedVectors) {
    for (const Vector& vector : kVectors) {
        EXPECT_EQ(hash_bytes(vector_input(vector.size)), vector.hash) << vector.size;
    }
}

TEST_F(HashFile, EqualsTheHashOfItsBytes) {
    for (size_t size : {size_t{0}, size_t{1}, size_t{102400}, size_t{3} << 20}) {
        const std::vector<std::byte> bytes = vector_input(size);
        const auto path = folder_ / "ключ 鍵.bin";
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(size));
        EXPECT_EQ(hash_file(path), hash_bytes(bytes)) << size;
    }
}

TEST_F(HashFile, NamesAMissingFile) {
    try {
        hash_file(folder_ / "absent.bin");
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::not_found);
        EXPECT_NE(std::string(error.what()).find("absent.bin"), std::string::npos);
    }
}

TEST_F(HashFile, RefusesAFolder) {
    try {
        hash_file(folder_.path());
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::io);
    }
}

}  // namespace
}  // namespace ovenbird
