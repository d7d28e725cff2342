#pragma once
// Where the constants of graphs lie in the one weights file that they share.

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace ovenbird {

/// Finds or makes a place for each constant: one whose data lies inside `mapped`, a view of the start of the
/// file, keeps that place; one whose bytes earlier graphs appended shares it; others are appended, each
/// aligned to 64 bytes.
class ConstantPlaces {
public:
    ConstantPlaces(std::filesystem::path bin, std::span<const std::byte> mapped);

    /// Offset in the file.
    uint64_t place(const std::byte* data, uint64_t bytes);

    /// Writes what is new behind the file's end and syncs it. Errors: io, no_space.
    void append();

private:
    std::filesystem::path bin_;
    std::span<const std::byte> mapped_;
    std::string tail_;         // what earlier graphs appended, where it is searched, and what is new
    uint64_t tail_begin_ = 0;  // in the file
    size_t old_tail_bytes_ = 0;
};

}  // namespace ovenbird
