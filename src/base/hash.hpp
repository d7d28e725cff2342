#pragma once
// BLAKE3 of files and bytes: what the manifest records and what a blob is checked against.

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace ovenbird {

/// "blake3:<64 hex digits>" of the bytes, on all cores.
std::string hash_bytes(std::span<const std::byte> bytes);
/// The same of a file's content. Errors: not_found, io.
std::string hash_file(const std::filesystem::path& path);

}  // namespace ovenbird
