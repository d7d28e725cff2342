#pragma once
// The table of model families Ovenbird bakes: one row and one file each.

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "model/config.hpp"

namespace ovenbird {

/// A value of a GGUF file's metadata that a family's config.json has under another name. Values of 0, which
/// llama.cpp takes for "not there", are not copied.
struct GgufKey {
    /// The last two: whether layer 0 has the tensor that `gguf` names instead, or lacks it.
    enum class Kind { integer, number, boolean, has_tensor, lacks_tensor };
    const char* gguf;    // without the architecture in front: "attention.sliding_window"
    const char* config;  // config.json's key
    Kind kind = Kind::number;
};

/// A module of a layer in a GGUF file ("ffn_norm") and in a Hugging Face folder; or a whole tensor of it
/// ("ssm_a").
struct GgufName {
    std::string_view gguf;
    std::string_view hugging_face;
};

/// Which biases a family may have: how config.json says what a GGUF file shows by its tensors.
enum class GgufBiases {
    none,
    fixed,              // always the same ones, config.json does not say
    attention,          // all four projections or none: attention_bias
    attention_and_mlp,  // the same, and all of the MLP's or none: mlp_bias
    query_key_value,    // these three or none: attention_bias
};

/// A share of a fused tensor: its name elsewhere, and config.json's key that says how many equal shares of
/// rows it has.
struct FusedPart {
    const char* name;
    const char* shares = nullptr;  // null: one
};

/// A tensor of a layer that a family stores as one, and its parts in order.
struct FusedTensor {
    const char* name;  // "shared_mlp.input_linear", behind the layer's prefix
    std::span<const FusedPart> parts;
};

/// How llama.cpp's converter writes a family. Tensor names are the same for all but those in `names`.
struct GgufArchitecture {
    const char* name;        // general.architecture
    const char* model_type;  // config.json's
    /// Whether the converter reorders the rows of query and key for ggml's interleaved rotary embedding.
    bool interleaves_heads;
    GgufBiases biases;
    std::span<const GgufKey> keys{};
    /// Completes the config.json made from the keys above and what all families share; null: it is complete.
    void (*complete)(Json& config, const std::string& origin) = nullptr;
    std::span<const FusedTensor> fused{};  // by the names that the tensors have once they are ours
    std::span<const GgufName> names{};
    /// Where rows are interleaved and a part of each head is turned: whether it is the rows of that part.
    bool interleaves_parts = false;
    /// layer_types' name of the layers that have 0 key heads; null: all layers attend.
    const char* without_attention = nullptr;
};

/// The last norm's usual name.
inline constexpr std::string_view kFinalNorm = "model.norm";

struct Architecture {
    const char* model_type;  // config.json's model_type
    const char* models;      // that people know it by
    ModelConfig (*read_config)(const JsonObject& config);
    std::span<const GgufArchitecture> gguf{};
    std::span<const FusedTensor> fused{};
    /// Whether a checkpoint's rotary pairs lie beside each other in each head of query and key (x0 y0 x1 y1 …
    /// for halves x and y).
    bool interleaves_heads = false;
    /// Added to the norms' weights of a Hugging Face folder: 1 where they multiply by 1 + w. The gated norm
    /// of the delta rule is none of them.
    float norm_offset = 0;
    /// What the last norm is called in a Hugging Face folder.
    std::string_view final_norm = kFinalNorm;
    /// The language model is a part, beside others: its tensors' names begin with "language_model.".
    bool has_other_parts = false;
};

/// All rows, in alphabetical order.
std::span<const Architecture* const> architectures();

/// The row of a model_type, or null.
const Architecture* find_architecture(std::string_view model_type);

/// Reads and validates a config.json by its model_type. Errors: unsupported (names the type and lists the
/// known ones; other activations or rope scalings), invalid_input.
ModelConfig read_model_config(const Json& config, const std::string& origin);

/// The norms behind attention and MLP in a GGUF file, and the one that has another name beside them.
inline constexpr std::array kNormsBehindGgufNames{GgufName{"post_attention_norm", "post_attention_layernorm"},
                                                  GgufName{"ffn_norm", "pre_feedforward_layernorm"},
                                                  GgufName{"post_ffw_norm", "post_feedforward_layernorm"}};

// The rows, each in its family's file.
extern const Architecture kArcee;
extern const Architecture kCohere;
extern const Architecture kCohere2;
extern const Architecture kCwm;
extern const Architecture kErnie45;
extern const Architecture kExaone4;
extern const Architecture kGemma;
extern const Architecture kGemma2;
extern const Architecture kGemma3;
extern const Architecture kGemma3Text;
extern const Architecture kGemma4;
extern const Architecture kGemma4Text;
extern const Architecture kGlm;
extern const Architecture kGlm4;
extern const Architecture kGranite;
extern const Architecture kGraniteMoeHybrid;
extern const Architecture kHunyuanDense;
extern const Architecture kLfm2;
extern const Architecture kLlama;
extern const Architecture kMiniCpm;
extern const Architecture kMinistral;
extern const Architecture kMinistral3;
extern const Architecture kMistral;
extern const Architecture kMistral3;
extern const Architecture kNemotron;
extern const Architecture kOlmo2;
extern const Architecture kOlmo3;
extern const Architecture kPhi3;
extern const Architecture kQwen2;
extern const Architecture kQwen3;
extern const Architecture kQwen35;
extern const Architecture kQwen35Text;
extern const Architecture kSeedOss;
extern const Architecture kSmolLm3;
extern const Architecture kStableLm;
extern const Architecture kStarCoder2;

}  // namespace ovenbird
