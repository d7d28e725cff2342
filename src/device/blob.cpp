#include "device/blob.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/hash.hpp"

namespace ovenbird {

std::string blob_problem(const BlobFile& blob, int platform) {
    const std::string name = blob.path.filename().string();
    if (blob.platform != platform)
        return fmt::format("{} is for NPU {}, this machine has {}", name, blob.platform, platform);
    std::error_code missing;
    const uint64_t bytes = std::filesystem::file_size(blob.path, missing);
    if (missing) return name + " is missing";
    if (bytes != blob.bytes) return fmt::format("{} has {} bytes instead of {}", name, bytes, blob.bytes);
    if (hash_file(blob.path) != blob.hash) return name + " was altered since the bake";
    return "";
}

int platform_of(const std::string& architecture) {
    const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
    const auto begin = std::find_if(architecture.begin(), architecture.end(), is_digit);
    const auto end = std::find_if_not(begin, architecture.end(), is_digit);
    const auto digits = std::string(begin, end);
    return digits.empty() || digits.size() > 8 ? 0 : std::stoi(digits);
}

}  // namespace ovenbird
