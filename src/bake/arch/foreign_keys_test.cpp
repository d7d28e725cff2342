#include "bake/arch/foreign_keys.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace ovenbird {
namespace {

std::string refusal(const Json& config, const char* model_type) {
    try {
        refuse_foreign_keys(JsonObject(config, "config.json"), model_type);
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::unsupported);
        return error.what();
    }
    return "";
}

TEST(ForeignKeys, WhatAnotherFamilyHasIsRefusedByName) {
    const Json others{{"attn_logit_softcapping", 50.0}, {"embedding_multiplier", 12},
                      {"attention_multiplier", 1.0},    {"clip_qkv", 8},
                      {"use_parallel_residual", true},  {"num_experts", 8},
                      {"no_rope_layers", {1, 1, 0}},    {"kv_lora_rank", 512}};
    for (const auto& [key, value] : others.items()) {
        const std::string said = refusal({{key, value}}, "llama");
        EXPECT_NE(said.find(key + " is " + value.dump()), std::string::npos) << key << ": " << said;
        EXPECT_NE(said.find("Ovenbird's llama"), std::string::npos) << said;
    }
}

TEST(ForeignKeys, ValuesThatChangeNothingAreNone) {
    EXPECT_EQ(refusal({{"attn_logit_softcapping", nullptr},
                       {"final_logit_softcapping", 0},
                       {"embedding_multiplier", 1.0},
                       {"use_parallel_residual", false},
                       {"num_experts", 1},
                       {"hidden_size", 64}},
                      "llama"),
              "");
}

TEST(ForeignKeys, AFamilysOwnKeysAreItsBusiness) {
    EXPECT_EQ(refusal({{"attn_logit_softcapping", 50.0}, {"query_pre_attn_scalar", 256}}, "gemma2"), "");
    EXPECT_EQ(refusal({{"scale_emb", 12}, {"scale_depth", 1.4}}, "minicpm"), "");
    EXPECT_NE(refusal({{"scale_emb", 12}}, "granite"), "");
    EXPECT_NE(refusal({{"attn_logit_softcapping", 50.0}}, "gemma"), "");
}

}  // namespace
}  // namespace ovenbird
