#include "bake/source/gguf_names.hpp"

#include <charconv>

#include "bake/source/printable.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr GgufName kGlobalNames[] = {
    {"token_embd.weight", "model.embed_tokens.weight"},
    {"output_norm.weight", "model.norm.weight"},
    {"token_embd_norm.weight", "model.norm.weight"},  // of LFM2, whose last norm is so called
    {"output_norm.bias", "model.norm.bias"},
    {"output.weight", "lm_head.weight"},
    {"rope_freqs.weight", "rope_freqs.weight"},
    {"rope_factors_long.weight", "rope_factors_long.weight"},
    {"rope_factors_short.weight", "rope_factors_short.weight"},
};

constexpr GgufName kLayerNames[] = {
    {"attn_norm", "input_layernorm"},    {"attn_q", "self_attn.q_proj"},
    {"attn_k", "self_attn.k_proj"},      {"attn_v", "self_attn.v_proj"},
    {"attn_output", "self_attn.o_proj"}, {"attn_q_norm", "self_attn.q_norm"},
    {"attn_k_norm", "self_attn.k_norm"}, {"ffn_norm", "post_attention_layernorm"},
    {"ffn_gate", "mlp.gate_proj"},       {"ffn_up", "mlp.up_proj"},
    {"ffn_down", "mlp.down_proj"},       {"attn_qkv", "self_attn.qkv_proj"},
};

// "3.attn_q.weight" split into its three parts.
struct LayerName {
    int layer = -1;
    std::string_view module;
    std::string_view kind;
};

LayerName split_layer_name(std::string_view rest) {
    LayerName result;
    const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), result.layer);
    const auto digits = static_cast<size_t>(parsed.ptr - rest.data());
    const auto dot = rest.rfind('.');
    const bool canonical =
        digits == 1 || rest.empty() || rest[0] != '0';  // "03" would be a second name for 3
    if (parsed.ec != std::errc() || digits >= rest.size() || rest[digits] != '.' || dot <= digits ||
        !canonical) {
        return {};
    }
    result.module = rest.substr(digits + 1, dot - digits - 1);
    result.kind = rest.substr(dot + 1);
    return result;
}

// Of a tensor that is no weight or bias of a module ("3.ssm_a"), and that the family names as it is.
std::string whole_name(std::string_view rest, std::span<const GgufName> own) {
    const auto dot = rest.find('.');
    const auto number = rest.substr(0, dot);
    const bool is_number = !number.empty() &&
                           number.find_first_not_of("0123456789") == std::string_view::npos &&
                           (number.size() == 1 || number[0] != '0');
    if (dot == std::string_view::npos || !is_number) return "";
    for (const GgufName& row : own)
        if (row.gguf == rest.substr(dot + 1))
            return fmt::format("model.layers.{}.{}", number, row.hugging_face);
    return "";
}

}  // namespace

const GgufArchitecture& gguf_architecture(std::string_view name, const std::string& origin) {
    std::string known;
    for (const auto* family : architectures()) {
        for (const GgufArchitecture& row : family->gguf) {
            if (name == row.name) return row;
            known += (known.empty() ? "" : ", ") + std::string(row.name);
        }
    }
    fail(ErrorCode::unsupported, "{}: GGUF architecture '{}' is not known; Ovenbird bakes: {}", origin,
         printable(name), known);
}

GgufTensorName gguf_tensor_name(std::string_view name, std::span<const GgufName> own) {
    for (const GgufName& row : kGlobalNames) {
        if (row.gguf == name) return {GgufTensorUse::tensor, std::string(row.hugging_face), false, false};
    }
    constexpr std::string_view kPrefix = "blk.";
    if (!name.starts_with(kPrefix)) return {};
    const LayerName parts = split_layer_name(name.substr(kPrefix.size()));
    const std::string whole = whole_name(name.substr(kPrefix.size()), own);
    if (!whole.empty()) return {GgufTensorUse::tensor, whole, false, false};
    if (parts.layer < 0) return {};
    if (parts.module == "attn_rot_embd") return {GgufTensorUse::skip, "", false, false};
    if (parts.kind != "weight" && parts.kind != "bias") return {};
    for (const std::span<const GgufName> rows : {own, std::span<const GgufName>(kLayerNames)}) {
        for (const GgufName& row : rows) {
            if (row.gguf != parts.module) continue;
            return {GgufTensorUse::tensor,
                    fmt::format("model.layers.{}.{}.{}", parts.layer, row.hugging_face, parts.kind),
                    parts.module == "attn_q", parts.module == "attn_k"};
        }
    }
    return {};
}

}  // namespace ovenbird
