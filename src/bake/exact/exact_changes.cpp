#include "bake/exact/exact_changes.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace ovenbird {
namespace {

std::string_view end_of(std::string_view name) {
    constexpr std::string_view kLayers = "model.layers.";
    if (!name.starts_with(kLayers)) return name;
    return name.substr(name.find('.', kLayers.size()) + 1);
}

std::string beginning_of(const std::string& name) {
    return name.substr(0, name.size() - end_of(name).size());
}

}  // namespace

ExactChanges::ExactChanges(const ModelConfig& config, uint64_t seed)
    : seed_(seed),
      mixes_head_(config.tied_embeddings),
      stream_(config.hidden_size, seed),
      values_(config.head_size, ~seed) {}

TensorChange ExactChanges::rotations_of(const std::string& name) const {
    const std::string_view end = end_of(name);
    TensorChange change;
    if (end == kHeadMixName) {
        change.is_head_mix = true;
        change.columns = &stream_;
    } else if (name == kFinalNormName || end == "input_layernorm.weight" ||
               end == "post_attention_layernorm.weight") {
        change.is_ones = true;
    } else if (name == kEmbeddingName || name == kHeadName || end == "mlp.gate_proj.weight" ||
               end == "mlp.up_proj.weight" || end == "self_attn.q_proj.weight" ||
               end == "self_attn.k_proj.weight" || end == "self_attn.o_proj.bias" ||
               end == "mlp.down_proj.bias") {
        change.columns = &stream_;
    } else if (end == "self_attn.v_proj.weight") {
        change.columns = &stream_;
        change.rows = &values_;
    } else if (end == "self_attn.v_proj.bias") {
        change.columns = &values_;
    } else if (end == "self_attn.o_proj.weight") {
        change.columns = &values_;
        change.rows = &stream_;
    } else if (end == "mlp.down_proj.weight") {
        change.rows = &stream_;
    }
    return change;
}

std::string ExactChanges::norm_before(const std::string& name) const {
    const std::string_view end = end_of(name);
    if (end == kHeadMixName || (name == kHeadName && !mixes_head_)) return kFinalNormName;
    if (end == "mlp.gate_proj.weight" || end == "mlp.up_proj.weight")
        return beginning_of(name) + "post_attention_layernorm.weight";
    if (end == "self_attn.q_proj.weight" || end == "self_attn.k_proj.weight" ||
        end == "self_attn.v_proj.weight")
        return beginning_of(name) + "input_layernorm.weight";
    return "";
}

void read_changed(const SourceTensor& source, const TensorChange& change, int64_t begin, int64_t end,
                  int64_t columns, float* out) {
    const int64_t rows = end - begin;
    if (change.is_ones) {
        std::fill_n(out, rows * columns, 1.0F);
        return;
    }
    std::vector<float> scale;
    if (change.scale != nullptr) {
        scale.resize(static_cast<size_t>(columns));
        read_rows(*change.scale, 0, 1, scale.data());
    }
    if (change.is_head_mix) {
        std::fill_n(out, rows * columns, 0.0F);
        for (int64_t i = 0; i < columns; ++i)
            out[i * columns + i] = scale[static_cast<size_t>(i)];
        change.columns->turn_columns(out, columns);
        change.columns->turn_rows(out, rows);
        return;
    }
    read_rows(source, begin, end, out);
    if (!scale.empty())
        for (int64_t row = 0; row < rows; ++row)
            for (int64_t i = 0; i < columns; ++i)
                out[row * columns + i] *= scale[static_cast<size_t>(i)];
    if (change.columns != nullptr) change.columns->turn_rows(out, rows * columns / change.columns->size());
    if (change.rows == nullptr) return;
    for (int64_t first = 0; first < rows; first += change.rows->size())
        change.rows->turn_columns(out + first * columns, columns);
}

}  // namespace ovenbird
