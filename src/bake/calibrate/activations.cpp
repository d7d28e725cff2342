#include "bake/calibrate/activations.hpp"

#include "base/error.hpp"

namespace ovenbird {
namespace {

uint64_t byte_count(int64_t rows, int64_t size) {
    return static_cast<uint64_t>(rows) * static_cast<uint64_t>(size) * sizeof(float);
}

}  // namespace

Activations Activations::create(const std::filesystem::path& file, int64_t rows, int64_t size) {
    Activations made;
    made.size_ = size;
    made.map_ = WritableMap::create(file, byte_count(rows, size));
    made.writable_ = reinterpret_cast<float*>(made.map_->bytes().data());
    made.data_ = made.writable_;
    return made;
}

Activations Activations::open(const std::filesystem::path& file, int64_t rows, int64_t size) {
    Activations found;
    found.size_ = size;
    if (!std::filesystem::exists(file))
        fail(ErrorCode::not_found, "{}: is gone; delete its folder and bake again", file.string());
    found.file_ = MappedFile::open(file);
    if (found.file_->bytes().size() != byte_count(rows, size))
        fail(ErrorCode::invalid_input, "{}: has {} bytes, {} were expected; delete its folder and bake again",
             file.string(), found.file_->bytes().size(), byte_count(rows, size));
    found.data_ = reinterpret_cast<const float*>(found.file_->bytes().data());
    return found;
}

}  // namespace ovenbird
