// Any bytes as a .gguf file: an Error, or a configuration, a tokenizer and tensors that can be read.

#include <cstdlib>
#include <vector>

#include "bake/source/gguf_config.hpp"
#include "bake/source/gguf_header.hpp"
#include "bake/source/gguf_names.hpp"
#include "bake/source/gguf_parts.hpp"
#include "bake/source/gguf_tokenizer.hpp"
#include "base/error.hpp"

namespace {

void read_last_row(const ovenbird::StoredTensor& entry, std::span<const std::byte> file) {
    if (entry.shape.size() > 2) return;
    ovenbird::SourceTensor tensor;
    tensor.name = entry.name;
    tensor.type = entry.type;
    tensor.shape = entry.shape;
    tensor.bytes = file.subspan(entry.begin, entry.end - entry.begin);
    std::vector<float> row(static_cast<size_t>(tensor.columns()));
    ovenbird::read_rows(tensor, tensor.rows() - 1, tensor.rows(), row.data());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::span<const std::byte> file(reinterpret_cast<const std::byte*>(data), size);
    try {
        const ovenbird::GgufHeader header = ovenbird::parse_gguf(file, "fuzz");
        for (const auto& entry : header.tensors) {
            ovenbird::gguf_tensor_name(entry.name);
            read_last_row(entry, file);
        }
        // Each on its own, so that an error in one does not hide the other.
        try {
            ovenbird::make_gguf_tokenizer(header.metadata, "llama", 1 << 20);
        } catch (const ovenbird::Error& error) {
            if (error.code() == ovenbird::ErrorCode::internal) std::abort();
        }
        try {
            ovenbird::gguf_part_paths("fuzz-00002-of-00003.gguf", header.metadata);
        } catch (const ovenbird::Error& error) {
            if (error.code() == ovenbird::ErrorCode::internal) std::abort();
        }
        const auto name = header.metadata.text("general.architecture").value_or("");
        ovenbird::make_gguf_config(header, ovenbird::gguf_architecture(name, "fuzz"));
    } catch (const ovenbird::Error& error) {
        if (error.code() == ovenbird::ErrorCode::internal) std::abort();
    }
    return 0;
}
