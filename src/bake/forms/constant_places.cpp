#include "bake/forms/constant_places.hpp"

#include <fstream>
#include <functional>
#include <iterator>
#include <string_view>

#include "base/platform/files.hpp"
#include "model/baked_folder.hpp"

namespace ovenbird {
namespace {

// Beyond this, looking for equal constants costs more than it saves.
constexpr uint64_t kLargestSearchedTail = uint64_t{16} << 20;

std::string read_tail(const std::filesystem::path& file, uint64_t begin) {
    std::ifstream stream(file, std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(begin));
    return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

ConstantPlaces::ConstantPlaces(std::filesystem::path bin, std::span<const std::byte> mapped)
    : bin_(std::move(bin)), mapped_(mapped) {
    const uint64_t file_bytes = std::filesystem::file_size(bin_);
    const bool searched = file_bytes >= mapped.size() && file_bytes - mapped.size() <= kLargestSearchedTail;
    if (searched) tail_ = read_tail(bin_, mapped.size());
    old_tail_bytes_ = tail_.size();
    tail_begin_ = file_bytes - tail_.size();
}

uint64_t ConstantPlaces::place(const std::byte* data, uint64_t bytes) {
    const std::less<> before;
    if (!before(data, mapped_.data()) && !before(mapped_.data() + mapped_.size(), data + bytes))
        return static_cast<uint64_t>(data - mapped_.data());
    const std::string_view wanted(reinterpret_cast<const char*>(data), bytes);
    for (uint64_t at = aligned(tail_begin_) - tail_begin_; at + bytes <= tail_.size();
         at += kConstantAlignment) {
        if (std::string_view(tail_).substr(at, bytes) == wanted) return tail_begin_ + at;
    }
    const uint64_t end = tail_begin_ + tail_.size();
    tail_.append(aligned(end) - end, '\0');
    const uint64_t offset = tail_begin_ + tail_.size();
    tail_.append(wanted);
    return offset;
}

void ConstantPlaces::append() {
    append_file(bin_, tail_.substr(old_tail_bytes_));
    old_tail_bytes_ = tail_.size();
}

}  // namespace ovenbird
