#pragma once
// A model as its files hold it: a configuration and named tensors that point into mapped files.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/platform/mapped_file.hpp"
#include "model/embedding.hpp"

namespace ovenbird {

/// How a tensor's elements lie in its file. The others than floats are GGUF's blocks along the last axis
/// (ggml's block layouts, see the GGUF specification).
// clang-format off
enum class SourceType {
    f32, f16, bf16,
    q4_0, q4_1, q5_0, q5_1, q8_0,
    q2_k, q3_k, q4_k, q5_k, q6_k,
    iq1_s, iq1_m, iq2_xxs, iq2_xs, iq2_s, iq3_xxs, iq3_s, iq4_nl, iq4_xs,
    tq1_0, tq2_0, mxfp4, nvfp4
};
// clang-format on

/// "bf16", "q4_k", …
const char* source_type_name(SourceType type);
/// Elements and bytes of one block (1 element for the float types).
struct BlockLayout {
    uint32_t elements;
    uint32_t bytes;
};
BlockLayout block_layout(SourceType type);

class PackedWeight;

/// One tensor: row-major, `shape` outermost first, name in Hugging Face's spelling
/// ("model.layers.0.self_attn.q_proj.weight"). `bytes` points into a mapped file that the Checkpoint keeps
/// alive.
struct SourceTensor {
    std::string name;
    SourceType type = SourceType::f32;
    std::vector<int64_t> shape;
    std::span<const std::byte> bytes;
    const MappedFile* file = nullptr;
    /// GGUF's llama converter interleaves each head's rotary rows (x0 y0 x1 y1 … for halves x and y). 0: rows
    /// are in order. n > 0: the rows are n heads, each interleaved; read_rows() undoes it.
    int64_t interleaved_heads = 0;
    /// Of each head, the first rows that are interleaved; 0: all. Those behind are in order.
    int64_t interleaved_rows = 0;
    /// A matrix of codes with scales beside them (AWQ, FP8, …): what holds the values of its rows, from
    /// `packed_row` on. `bytes` are the codes then, and `type` says nothing.
    std::shared_ptr<const PackedWeight> packed;
    int64_t packed_row = 0;
    /// Added to each value: norms that multiply by 1 + w.
    float offset = 0;

    int64_t rows() const { return shape.size() < 2 ? 1 : shape[0]; }  // tensors here have 1 or 2 axes
    int64_t columns() const { return shape.empty() ? 1 : shape.back(); }
};

/// How its file holds it: "bf16", "q4_k", "awq4", "fp8", …
std::string stored_type_name(const SourceTensor& tensor);

/// Reads rows [begin, end) as f32 into `out` ((end-begin) * columns() floats), undoing blocks,
/// codes and interleaving. Thread-safe. NaN and infinities pass through; the caller decides.
void read_rows(const SourceTensor& tensor, int64_t begin, int64_t end, float* out);

/// Everything a bake reads. Tensors were checked on opening: offsets inside the file, no overlap, sizes that
/// match shapes and types.
class Checkpoint {
public:
    virtual ~Checkpoint() = default;
    /// The config.json of the folder, or the same made from GGUF metadata (model_type, hidden_size, …).
    virtual const Json& config() const = 0;
    /// Where the configuration came from, for error messages.
    virtual const std::string& config_origin() const = 0;
    virtual const std::map<std::string, SourceTensor, std::less<>>& tensors() const = 0;
    /// Tensors that no graph can use, and why, to be put behind the name: "has type I64, …", "has no
    /// elements, …". Most are needed by nobody (position_ids, masks); a bake that needs one refuses with
    /// these words.
    virtual const std::map<std::string, std::string, std::less<>>& unusable() const;
    /// What was chosen on opening that a person may not expect (one of two sets of weights, other names).
    virtual const std::vector<std::string>& notes() const;
    /// What will be missing from the result if nobody acts (a tokenizer that cannot be made).
    virtual const std::vector<std::string>& warnings() const;
    /// The weight files, in a stable order.
    virtual const std::vector<std::filesystem::path>& files() const = 0;
    /// Writes what run needs beside the IR into `folder`: tokenizer and configuration files, copied byte for
    /// byte from a Hugging Face folder (a tokenizer.json that is absent is made of what is there), or made
    /// from GGUF metadata. Returns the names written.
    virtual std::vector<std::string> write_text_files(const std::filesystem::path& folder) const = 0;
    /// Of an embedder: what makes one vector of its rows. The tensors of its dense layers are among
    /// tensors().
    virtual const std::optional<EmbedderModules>& embedder() const;
    /// "huggingface" or "gguf".
    virtual const char* kind() const = 0;
};

/// Opens a Hugging Face folder, or a .gguf file and with it all parts of its model. Errors: not_found (a name
/// that is no local path: says how to download the folder first), invalid_input (names file, tensor, offset),
/// unsupported (tensor types).
std::unique_ptr<Checkpoint> open_checkpoint(const std::filesystem::path& source);

/// Copies the tokenizer and configuration files that run needs, byte for byte; returns their names. Errors:
/// io, no_space.
std::vector<std::string> copy_text_files(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace ovenbird
