// Any bytes as a .safetensors file: an Error or entries that can be read, never anything else.

#include <cstdlib>
#include <vector>

#include "bake/source/safetensors.hpp"
#include "base/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::span<const std::byte> file(reinterpret_cast<const std::byte*>(data), size);
    try {
        for (const auto& entry : ovenbird::parse_safetensors(file, "fuzz")) {
            if (!entry.foreign_type.empty() || entry.shape.empty() || entry.shape.size() > 2) continue;
            ovenbird::SourceTensor tensor;
            tensor.name = entry.name;
            tensor.type = entry.type;
            tensor.shape = entry.shape;
            tensor.bytes = file.subspan(entry.begin, entry.end - entry.begin);
            if (tensor.bytes.empty()) continue;
            std::vector<float> row(static_cast<size_t>(tensor.columns()));
            ovenbird::read_rows(tensor, tensor.rows() - 1, tensor.rows(), row.data());
        }
    } catch (const ovenbird::Error& error) {
        if (error.code() == ovenbird::ErrorCode::internal) std::abort();
    }
    return 0;
}
