#include "base/hash.hpp"

#include <array>
#include <cstdint>

#include "base/error.hpp"
#include "ovenbird_bridge.h"

namespace ovenbird {
namespace {

using Digest = std::array<uint8_t, 32>;

std::string named_hex(const Digest& digest) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text = "blake3:";
    for (uint8_t byte : digest) {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}

/// The form the bridge takes a path in: UTF-8 on Windows, the file system's own bytes elsewhere.
std::string bridge_path(const std::filesystem::path& path) {
#ifdef _WIN32
    const std::u8string text = path.u8string();
    return std::string(text.begin(), text.end());
#else
    return path.native();
#endif
}

}  // namespace

std::string hash_bytes(std::span<const std::byte> bytes) {
    Digest digest{};
    if (!ob_hash_bytes(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), digest.data())) {
        fail(ErrorCode::internal, "hashing {} bytes failed inside BLAKE3", bytes.size());
    }
    return named_hex(digest);
}

std::string hash_file(const std::filesystem::path& path) {
    const std::string name = bridge_path(path);
    Digest digest{};
    ObString error{};
    const ObStatus status = ob_hash_file(name.data(), name.size(), digest.data(), &error);
    if (status == OB_OK) return named_hex(digest);
    const std::string reason(error.data ? error.data : "", error.size);
    ob_string_free(&error);
    switch (status) {
        case OB_NOT_FOUND:
            fail(ErrorCode::not_found, "{}: there is no such file to hash", path.string());
        case OB_IO:
            fail(ErrorCode::io, "{}: cannot read the file to hash it: {}", path.string(), reason);
        default:
            fail(ErrorCode::internal, "{}: hashing failed: {}", path.string(), reason);
    }
}

}  // namespace ovenbird
