#pragma once
// A checkpoint for tests of the plan, and what the plan says of it. For tests only.

#include <map>
#include <span>
#include <string>
#include <vector>

#include "bake/plan.hpp"
#include "base/error.hpp"

namespace ovenbird {

// A checkpoint that exists in memory only: shapes from the inventory, values a ramp.
class FakeCheckpoint : public Checkpoint {
public:
    FakeCheckpoint() {
        config_ = {{"model_type", "llama"},    {"hidden_size", 96},
                   {"intermediate_size", 192}, {"num_hidden_layers", 2},
                   {"num_attention_heads", 3}, {"num_key_value_heads", 1},
                   {"vocab_size", 40},         {"max_position_embeddings", 64}};
        add("model.embed_tokens.weight", {40, 96});
        add("lm_head.weight", {40, 96});
        add("model.norm.weight", {96});
        for (int layer = 0; layer < 2; ++layer) {
            const std::string prefix = layer_prefix(layer);
            add(prefix + "input_layernorm.weight", {96});
            add(prefix + "post_attention_layernorm.weight", {96});
            add(prefix + "self_attn.q_proj.weight", {96, 96});
            add(prefix + "self_attn.k_proj.weight", {32, 96});
            add(prefix + "self_attn.v_proj.weight", {32, 96});
            add(prefix + "self_attn.o_proj.weight", {96, 96});
            add(prefix + "mlp.gate_proj.weight", {192, 96});
            add(prefix + "mlp.up_proj.weight", {192, 96});
            add(prefix + "mlp.down_proj.weight", {96, 192});
        }
    }
    void add(const std::string& name, const std::vector<int64_t>& shape) {
        size_t count = 1;
        for (const auto axis : shape)
            count *= static_cast<size_t>(axis);
        auto& values = values_[name];
        values.resize(count);
        for (size_t i = 0; i < count; ++i)
            values[i] = static_cast<float>(i % 17) - 8.0F;
        SourceTensor tensor;
        tensor.name = name;
        tensor.shape = shape;
        tensor.bytes = std::as_bytes(std::span(values));
        tensors_[name] = tensor;
    }
    void remove(const std::string& name) { tensors_.erase(name); }
    Json& mutable_config() { return config_; }
    std::vector<float>& values(const std::string& name) { return values_.at(name); }

    /// A tensor of no use, with the reason.
    void add_unusable(const std::string& name, const std::string& why) { unusable_[name] = why; }

    const Json& config() const override { return config_; }
    const std::string& config_origin() const override { return origin_; }
    const std::map<std::string, SourceTensor, std::less<>>& tensors() const override { return tensors_; }
    const std::vector<std::filesystem::path>& files() const override { return files_; }
    std::vector<std::string> write_text_files(const std::filesystem::path&) const override { return {}; }
    const std::map<std::string, std::string, std::less<>>& unusable() const override { return unusable_; }
    const char* kind() const override { return "fake"; }

private:
    Json config_;
    std::string origin_ = "config.json";
    std::map<std::string, std::string, std::less<>> unusable_;
    std::map<std::string, std::vector<float>> values_;
    std::map<std::string, SourceTensor, std::less<>> tensors_;
    std::vector<std::filesystem::path> files_;
};

inline std::string refusal(const FakeCheckpoint& checkpoint, const BakeOptions& options = {}) {
    try {
        make_plan(checkpoint, options);
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

}  // namespace ovenbird
