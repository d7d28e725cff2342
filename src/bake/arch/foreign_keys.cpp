#include "bake/arch/foreign_keys.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"

namespace ovenbird {
namespace {

// `inert`: the number that changes nothing, as false and null do.
struct ForeignKey {
    const char* key;
    double inert;
    std::string_view families;  // whose readers know it, between blanks
};

constexpr double kNone = -1;  // every number changes the graph

constexpr std::string_view kGemmas = " gemma2 gemma3 gemma3_text gemma4 gemma4_text ";
constexpr std::string_view kGranites = " granite granitemoehybrid ";
constexpr std::string_view kCoheres = " cohere cohere2 ";

constexpr std::array kKeys{
    ForeignKey{"attn_logit_softcapping", 0, kGemmas},
    ForeignKey{"final_logit_softcapping", 0, kGemmas},
    ForeignKey{"query_pre_attn_scalar", kNone, kGemmas},
    ForeignKey{"embedding_multiplier", 1, kGranites},
    ForeignKey{"attention_multiplier", kNone, kGranites},
    ForeignKey{"residual_multiplier", 1, kGranites},
    ForeignKey{"logits_scaling", 1, kGranites},
    ForeignKey{"logit_scale", 1, kCoheres},
    ForeignKey{"scale_emb", 1, " minicpm "},
    ForeignKey{"scale_depth", kNone, " minicpm "},
    ForeignKey{"clip_qkv", 0, ""},
    ForeignKey{"qk_layernorm", 0, " stablelm "},
    ForeignKey{"use_qk_norm", 0, " cohere cohere2 hunyuan_v1_dense "},
    ForeignKey{"use_parallel_residual", 0, " stablelm "},
    ForeignKey{"parallel_attn", 0, ""},
    ForeignKey{"alibi", 0, ""},
    ForeignKey{"num_experts", 1, ""},
    ForeignKey{"num_local_experts", 1, " granitemoehybrid "},
    ForeignKey{"n_routed_experts", 1, ""},
    ForeignKey{"num_kv_shared_layers", 0, " gemma4 gemma4_text "},
    ForeignKey{"hidden_size_per_layer_input", 0, " gemma4 gemma4_text "},
    ForeignKey{"attn_output_gate", 0, " qwen3_5 qwen3_5_text "},
    ForeignKey{"kv_lora_rank", 0, ""},
    ForeignKey{"attention_chunk_size", 0, ""},
    ForeignKey{"no_rope_layers", kNone, " smollm3 "},
};

bool is_inert(const Json& value, double inert) {
    if (value.is_null() || value == false) return true;
    if (!value.is_number()) return false;
    const auto number = value.get<double>();
    return number == inert || (inert != kNone && number == 0);
}

bool knows(const ForeignKey& key, std::string_view model_type) {
    return key.families.find(" " + std::string(model_type) + " ") != std::string_view::npos;
}

}  // namespace

void refuse_foreign_keys(const JsonObject& config, std::string_view model_type) {
    for (const ForeignKey& foreign : kKeys) {
        const Json& json = config.json();
        const auto found = json.find(foreign.key);
        if (found == json.end() || is_inert(*found, foreign.inert) || knows(foreign, model_type)) continue;
        fail(ErrorCode::unsupported,
             "{}: {} is {}, which Ovenbird's {} does not have; remove the key if the model was trained "
             "without it, "
             "or try --exporter optimum-intel",
             config.origin(), foreign.key, found->dump(), model_type);
    }
}

}  // namespace ovenbird
