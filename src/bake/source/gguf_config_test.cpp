#include "bake/source/gguf_config.hpp"

#include <gtest/gtest.h>

#include "bake/source/checkpoint.hpp"
#include "bake/source/source_files.hpp"

namespace ovenbird {
namespace {

constexpr const char* kLayerVectors[] = {"attn_norm.weight", "ffn_norm.weight"};

// A model of one layer, hidden size 8, two heads of 4, one key/value head.
GgufFile tiny(const std::string& architecture) {
    GgufFile file;
    file.text("general.architecture", architecture);
    const std::string prefix = architecture + ".";
    file.u32(prefix + "block_count", 1)
        .u32(prefix + "context_length", 64)
        .u32(prefix + "embedding_length", 8);
    file.u32(prefix + "feed_forward_length", 16).u32(prefix + "attention.head_count", 2);
    file.u32(prefix + "attention.head_count_kv", 1).f32(prefix + "attention.layer_norm_rms_epsilon", 1e-6F);
    file.f32(prefix + "rope.freq_base", 500000.0F);
    return file;
}

std::vector<float> ramp(size_t count) {
    std::vector<float> values(count);
    for (size_t i = 0; i < count; ++i)
        values[i] = static_cast<float>(i);
    return values;
}

GgufFile with_tensors(GgufFile file) {
    file.floats("token_embd.weight", {8, 5}, ramp(40)).floats("output_norm.weight", {8}, ramp(8));
    for (const char* name : kLayerVectors)
        file.floats(std::string("blk.0.") + name, {8}, ramp(8));
    file.floats("blk.0.attn_q.weight", {8, 8}, ramp(64)).floats("blk.0.attn_k.weight", {8, 4}, ramp(32));
    return file;
}

Json config_of(const GgufFile& file, const std::string& architecture) {
    const std::string bytes = file.bytes();
    return make_gguf_config(parse_gguf(bytes_of(bytes), "m.gguf"), gguf_architecture(architecture, "m.gguf"));
}

TEST(GgufConfig, Llama) {
    const Json config = config_of(with_tensors(tiny("llama")), "llama");
    const Json expected = Json::parse(R"({
        "model_type": "llama", "hidden_act": "silu", "hidden_size": 8, "intermediate_size": 16,
        "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 4,
        "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "vocab_size": 5, "tie_word_embeddings": true,
        "rope_theta": 500000.0, "attention_bias": false, "mlp_bias": false})");
    EXPECT_EQ(config, expected) << config.dump(1);
}

TEST(GgufConfig, HeadBiasesAndIds) {
    GgufFile file = with_tensors(tiny("llama")).floats("output.weight", {8, 5}, ramp(40));
    for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_output"}) {
        file.floats(std::string("blk.0.") + name + ".bias", {8}, ramp(8));
    }
    file.u32("tokenizer.ggml.eos_token_id", 4);
    const Json config = config_of(file, "llama");
    EXPECT_EQ(config["tie_word_embeddings"], false);
    EXPECT_EQ(config["attention_bias"], true);
    EXPECT_EQ(config["eos_token_id"], 4);
    expect_error(ErrorCode::unsupported, {"1 of 4 attention biases"}, [&] {
        config_of(with_tensors(tiny("llama")).floats("blk.0.attn_q.bias", {8}, ramp(8)), "llama");
    });
}

TEST(GgufConfig, RopeScalings) {
    auto file = with_tensors(tiny("llama"))
                    .text("llama.rope.scaling.type", "linear")
                    .f32("llama.rope.scaling.factor", 4);
    EXPECT_EQ(config_of(file, "llama")["rope_scaling"],
              Json::parse(R"({"rope_type":"linear","factor":4.0})"));
    file = with_tensors(tiny("llama")).floats("rope_freqs.weight", {2}, {1, 8});
    EXPECT_EQ(config_of(file, "llama")["rope_scaling"]["rope_type"], "gguf_factors");
}

TEST(GgufConfig, YarnAsTheConverterWritesIt) {
    const auto file = [] {
        return with_tensors(tiny("qwen2"))
            .text("qwen2.rope.scaling.type", "yarn")
            .f32("qwen2.rope.scaling.factor", 4)
            .u32("qwen2.rope.scaling.original_context_length", 16);
    };
    const Json plain{{"rope_type", "yarn"}, {"factor", 4.0}, {"original_max_position_embeddings", 16}};
    EXPECT_EQ(config_of(file(), "qwen2")["rope_scaling"], plain);
    auto own = file();
    own.f32("qwen2.rope.scaling.yarn_beta_fast", 8).f32("qwen2.rope.scaling.yarn_beta_slow", 2);
    own.f32("qwen2.rope.scaling.yarn_attn_factor", 0.5F);
    Json expected = plain;
    expected["beta_fast"] = 8.0;
    expected["beta_slow"] = 2.0;
    expected["attention_factor"] = 0.5;
    EXPECT_EQ(config_of(own, "qwen2")["rope_scaling"], expected);
    const Json log =
        config_of(file().f32("qwen2.rope.scaling.yarn_log_multiplier", 1), "qwen2")["rope_scaling"];
    EXPECT_EQ(log["mscale"], 1.0);
    EXPECT_EQ(log["mscale_all_dim"], 1.0);
    // It multiplies the usual one: 0.1 ln 4 + 1.
    const Json twice = config_of(file().f32("qwen2.rope.scaling.attn_factor", 2), "qwen2")["rope_scaling"];
    EXPECT_NEAR(twice["attention_factor"].get<double>(), 2 * 1.1386294361, 1e-9);
    expect_error(ErrorCode::unsupported, {"qwen2.rope.scaling.yarn_ext_factor is 0.5"},
                 [&] { config_of(file().f32("qwen2.rope.scaling.yarn_ext_factor", 0.5F), "qwen2"); });
}

TEST(GgufConfig, LongropesFactorsAreTensors) {
    const auto file = [] {
        return with_tensors(tiny("llama"))
            .floats("rope_factors_short.weight", {2}, {1, 1})
            .u32("llama.rope.scaling.original_context_length", 16);
    };
    const auto whole = [&] { return file().floats("rope_factors_long.weight", {2}, {1, 8}); };
    const Json unsaid = config_of(whole(), "llama")["rope_scaling"];
    EXPECT_EQ(unsaid["rope_type"], "gguf_longrope");
    EXPECT_EQ(unsaid["original_max_position_embeddings"], 16);
    EXPECT_EQ(unsaid["attention_factor"], 1.0);
    const auto said =
        whole().text("llama.rope.scaling.type", "longrope").f32("llama.rope.scaling.attn_factor", 1.5F);
    EXPECT_EQ(config_of(said, "llama")["rope_scaling"]["attention_factor"], 1.5);
    expect_error(ErrorCode::invalid_input, {"rope_factors_long.weight", "missing"},
                 [&] { config_of(file().text("llama.rope.scaling.type", "longrope"), "llama"); });
}

TEST(GgufConfig, OtherRopeScalingsAreRefusedByName) {
    const auto refused = [](GgufFile file, const std::string& words) {
        expect_error(ErrorCode::unsupported, {words, "m.gguf"}, [&] { config_of(file, "llama"); });
    };
    refused(with_tensors(tiny("llama")).text("llama.rope.scaling.type", "ntk"), "rope scaling 'ntk'");
    refused(with_tensors(tiny("llama")).f32("llama.rope.scaling.alpha", 1000),
            "llama.rope.scaling.alpha is 1000");
    refused(with_tensors(tiny("llama")).f32("llama.rope.scaling.attn_factor", 2), "attn_factor is 2");
    refused(with_tensors(tiny("llama"))
                .text("llama.rope.scaling.type", "yarn")
                .floats("rope_freqs.weight", {2}, {1, 8}),
            "together with rope_freqs.weight");
}

TEST(GgufConfig, EmbeddersAndRerankersAreRefused) {
    EXPECT_NO_THROW(config_of(with_tensors(tiny("qwen3")).u32("qwen3.pooling_type", 0), "qwen3"));
    expect_error(ErrorCode::unsupported, {"qwen3.pooling_type is 3", "embedder"},
                 [] { config_of(with_tensors(tiny("qwen3")).u32("qwen3.pooling_type", 3), "qwen3"); });
    expect_error(ErrorCode::unsupported, {"qwen3.pooling_type is 4", "reranker"},
                 [] { config_of(with_tensors(tiny("qwen3")).u32("qwen3.pooling_type", 4), "qwen3"); });
}

TEST(GgufConfig, SlidingWindows) {
    const Json mistral =
        config_of(with_tensors(tiny("llama")).u32("llama.attention.sliding_window", 32), "llama");
    EXPECT_EQ(mistral["model_type"], "mistral");
    EXPECT_EQ(mistral["sliding_window"], 32);
    const Json qwen =
        config_of(with_tensors(tiny("qwen3")).u32("qwen3.attention.sliding_window", 32), "qwen3");
    EXPECT_EQ(qwen["use_sliding_window"], true);
    EXPECT_EQ(qwen["max_window_layers"], 0);
}

// Where Mistral's config.json says nothing, transformers takes 4096.
TEST(GgufConfig, NoWindowOfAMistralIsNull) {
    const Json config = config_of(with_tensors(tiny("mistral3")), "mistral3");
    ASSERT_TRUE(config.contains("sliding_window"));
    EXPECT_TRUE(config["sliding_window"].is_null());
    EXPECT_FALSE(config.contains("attention_bias"));
}

TEST(GgufConfig, BiasesThatAFamilyHasNotAreRefused) {
    GgufFile file = with_tensors(tiny("mistral3"));
    for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_output"})
        file.floats(std::string("blk.0.") + name + ".bias", {8}, ramp(8));
    expect_error(ErrorCode::unsupported, {"4 attention and 0 MLP biases", "mistral3"},
                 [&] { config_of(file, "mistral3"); });
}

TEST(GgufConfig, GranitesNumbers) {
    auto file = with_tensors(tiny("granite"))
                    .f32("granite.embedding_scale", 12)
                    .f32("granite.residual_scale", 0.22F)
                    .f32("granite.attention.scale", 0.0078125F)
                    .f32("granite.logit_scale", 8);
    Json config = config_of(file, "granite");
    EXPECT_EQ(config["embedding_multiplier"], 12);
    EXPECT_EQ(config["residual_multiplier"], 0.22);
    EXPECT_EQ(config["attention_multiplier"], 0.0078125);
    EXPECT_EQ(config["logits_scaling"], 8);
    EXPECT_FALSE(config.contains("position_embedding_type"));
    file.flag("granite.rope.scaling.finetuned", false);
    EXPECT_EQ(config_of(file, "granite")["position_embedding_type"], "nope");
    // Without its key, or with 0, scores are multiplied as usual: heads are of 4 here.
    config = config_of(with_tensors(tiny("granite")).f32("granite.attention.scale", 0), "granite");
    EXPECT_EQ(config["attention_multiplier"], 0.5);
    expect_error(ErrorCode::unsupported, {"granite.attention.sliding_window is 16"}, [] {
        config_of(with_tensors(tiny("granite")).u32("granite.attention.sliding_window", 16), "granite");
    });
}

// As the converter writes the dense models of Granite 4.
TEST(GgufConfig, ANumberALayerIsOneWhereAllAreTheSame) {
    const auto file_with = [](const std::vector<int32_t>& heads) {
        GgufFile file;
        file.text("general.architecture", "granite")
            .u32("granite.block_count", 2)
            .u32("granite.context_length", 64)
            .u32("granite.embedding_length", 8)
            .u32("granite.feed_forward_length", 16)
            .u32("granite.attention.head_count", 2)
            .i32s("granite.attention.head_count_kv", heads)
            .f32("granite.attention.layer_norm_rms_epsilon", 1e-6F);
        return with_tensors(file);
    };
    EXPECT_EQ(config_of(file_with({1, 1}), "granite")["num_key_value_heads"], 1);
    for (const auto& heads : {std::vector<int32_t>{1, 0}, std::vector<int32_t>{}}) {
        expect_error(ErrorCode::unsupported, {"granite.attention.head_count_kv", "layer to layer"},
                     [&] { config_of(file_with(heads), "granite"); });
    }
}

TEST(GgufConfig, HeadSizes) {
    const auto file = with_tensors(tiny("qwen3"))
                          .u32("qwen3.attention.key_length", 16)
                          .u32("qwen3.attention.value_length", 16);
    EXPECT_EQ(config_of(file, "qwen3")["head_dim"], 16);
    expect_error(ErrorCode::unsupported, {"2 of them rotated"}, [&] {
        config_of(with_tensors(tiny("llama")).u32("llama.rope.dimension_count", 2), "llama");
    });
    const auto part = with_tensors(tiny("phi3")).u32("phi3.rope.dimension_count", 2);
    EXPECT_EQ(config_of(part, "phi3")["partial_rotary_factor"], 0.5);
}

TEST(GgufConfig, RefusesWhatTheGraphLacks) {
    expect_error(ErrorCode::unsupported, {"llama.expert_count is 8"},
                 [] { config_of(with_tensors(tiny("llama")).u32("llama.expert_count", 8), "llama"); });
    expect_error(ErrorCode::unsupported, {"llama.embedding_scale"},
                 [] { config_of(with_tensors(tiny("llama")).f32("llama.embedding_scale", 12), "llama"); });
    expect_error(ErrorCode::invalid_input, {"m.gguf", "token_embd.weight"},
                 [] { config_of(tiny("llama"), "llama"); });
    expect_error(ErrorCode::invalid_input, {"llama.embedding_length", "missing"},
                 [] { config_of(with_tensors(tiny("qwen2")), "llama"); });
}

TEST(GgufCheckpoint, ReadsLikeTheOriginalFolder) {
    const SourceFolder folder;
    const auto path = folder.write("m.gguf", with_tensors(tiny("llama")).bytes());
    const auto checkpoint = open_checkpoint(path);
    EXPECT_STREQ(checkpoint->kind(), "gguf");
    EXPECT_EQ(checkpoint->files(), std::vector<std::filesystem::path>{path});
    const auto& query = checkpoint->tensors().at("model.layers.0.self_attn.q_proj.weight");
    EXPECT_EQ(query.interleaved_heads, 2);
    EXPECT_EQ(checkpoint->tensors().at("model.layers.0.self_attn.k_proj.weight").interleaved_heads, 1);
    EXPECT_EQ(checkpoint->tensors().at("model.embed_tokens.weight").interleaved_heads, 0);
    std::vector<float> rows(64);
    read_rows(query, 0, 8, rows.data());
    std::vector<float> first_column;
    for (size_t row = 0; row < 8; ++row)
        first_column.push_back(rows[row * 8] / 8);
    EXPECT_EQ(first_column, (std::vector<float>{0, 2, 1, 3, 4, 6, 5, 7}));
    // Without a tokenizer only the configuration can be written.
    EXPECT_EQ(checkpoint->write_text_files(folder.path()), std::vector<std::string>{"config.json"});
}

TEST(GgufCheckpoint, QwenRowsAreInOrder) {
    const SourceFolder folder;
    const auto checkpoint = open_checkpoint(folder.write("m.gguf", with_tensors(tiny("qwen2")).bytes()));
    EXPECT_EQ(checkpoint->tensors().at("model.layers.0.self_attn.q_proj.weight").interleaved_heads, 0);
}

TEST(GgufCheckpoint, Refusals) {
    const SourceFolder folder;
    const auto expect_refused = [&](const GgufFile& file, ErrorCode code,
                                    const std::vector<std::string>& words) {
        const auto path = folder.write("m.gguf", file.bytes());
        expect_error(code, words, [&] { open_checkpoint(path); });
    };
    expect_refused(GgufFile(), ErrorCode::invalid_input, {"general.architecture is missing"});
    expect_refused(with_tensors(tiny("mamba")), ErrorCode::unsupported, {"'mamba'", "qwen3"});
    expect_refused(with_tensors(tiny("llama")).u32("split.count", 3), ErrorCode::invalid_input,
                   {"one of 3 parts", "-00001-of-00003.gguf"});
    expect_refused(with_tensors(tiny("llama")).floats("blk.0.ffn_sub_norm.weight", {8}, ramp(8)),
                   ErrorCode::unsupported, {"tensor blk.0.ffn_sub_norm.weight"});
    expect_refused(with_tensors(tiny("llama")).floats("blk.1.attn_q.weight", {8, 3}, ramp(24)),
                   ErrorCode::invalid_input, {"blk.1.attn_q.weight", "3 rows", "2 heads"});
    expect_refused(with_tensors(tiny("llama")).floats("blk.0.attn_v.weight", {2, 2, 2}, ramp(8)),
                   ErrorCode::invalid_input, {"3 axes"});
}

// One error for all of them, with what to do; a tensor that the graph does without is in nobody's way.
TEST(GgufCheckpoint, RefusesEveryTypeInTheWayAtOnce) {
    const SourceFolder folder;
    GgufFile file = with_tensors(tiny("llama"));
    file.tensor("blk.0.attn_rot_embd.weight", {2}, 26, std::string(8, 'x'));
    EXPECT_EQ(open_checkpoint(folder.write("m.gguf", file.bytes()))->tensors().size(), 6U);
    file.tensor("blk.0.attn_v.weight", {8, 4}, 31, std::string(32, 'x'));
    file.tensor("blk.0.ffn_up.weight", {8, 16}, 31, std::string(64, 'x'));
    file.tensor("blk.0.ffn_down.weight", {16, 8}, 24, std::string(128, 'x'));
    const auto path = folder.write("m.gguf", file.bytes());
    expect_error(ErrorCode::unsupported,
                 {"m.gguf", "I8 (1), Q4_0_4_4 (2).", "IQ2_XXS", "llama-quantize", "safetensors"},
                 [&] { open_checkpoint(path); });
    file.tensor("blk.0.ffn_sub_norm.weight", {8}, 24, std::string(8, 'x'));
    folder.write("m.gguf", file.bytes());
    expect_error(ErrorCode::unsupported, {"tensor blk.0.ffn_sub_norm.weight"},
                 [&] { open_checkpoint(path); });
}

}  // namespace
}  // namespace ovenbird
