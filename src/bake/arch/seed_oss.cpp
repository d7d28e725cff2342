#include "bake/arch/architecture.hpp"
#include "bake/arch/common_config.hpp"

namespace ovenbird {
namespace {

// Seed-OSS: llama's shape; the attention's output has a word of its own for its bias.
ModelConfig read_config(const JsonObject& config) {
    ModelConfig model = read_common_config(config, {.head_size = 128});
    if (!config.json().contains("num_key_value_heads")) model.kv_heads = 8;  // null: as many as heads
    model.qkv_bias = config.boolean_or("attention_bias", true);
    model.output_bias = config.boolean_or("attention_out_bias", false);
    model.mlp_bias = config.boolean_or("mlp_bias", false);
    return model;
}

}  // namespace

const Architecture kSeedOss{"seed_oss", "Seed-OSS 36B", read_config};

}  // namespace ovenbird
