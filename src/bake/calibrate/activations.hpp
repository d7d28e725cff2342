#pragma once
// What all sequences of the calibration have at one place of the model, in a file that the system may write
// out.

#include <filesystem>
#include <memory>

#include "base/platform/mapped_file.hpp"

namespace ovenbird {

/// f32 [rows, size].
class Activations {
public:
    /// A new file. Errors: no_space, io.
    static Activations create(const std::filesystem::path& file, int64_t rows, int64_t size);
    /// One that is there, to be read only. Errors: not_found, io; invalid_input when it has another size.
    static Activations open(const std::filesystem::path& file, int64_t rows, int64_t size);

    const float* row(int64_t at) const { return data_ + at * size_; }
    /// Only of a created one.
    float* row(int64_t at) { return writable_ + at * size_; }
    /// Makes sure that the file has them, whatever becomes of the machine.
    void sync() { map_->sync(); }

private:
    int64_t size_ = 0;
    std::shared_ptr<WritableMap> map_;
    std::shared_ptr<const MappedFile> file_;
    float* writable_ = nullptr;
    const float* data_ = nullptr;
};

}  // namespace ovenbird
