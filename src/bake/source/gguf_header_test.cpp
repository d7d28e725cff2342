#include "bake/source/gguf_header.hpp"

#include <gtest/gtest.h>

#include "bake/source/gguf_names.hpp"
#include "bake/source/gguf_types.hpp"
#include "bake/source/source_files.hpp"

namespace ovenbird {
namespace {

GgufHeader parse(const std::string& file) {
    return parse_gguf(bytes_of(file), "m.gguf");
}

void expect_refused(const std::string& file, const std::vector<std::string>& words,
                    ErrorCode code = ErrorCode::invalid_input) {
    std::vector<std::string> all = words;
    all.emplace_back("m.gguf");
    expect_error(code, all, [&] { parse(file); });
}

class Versions : public testing::TestWithParam<uint32_t> {};

TEST_P(Versions, ReadsMetadataAndTensors) {
    GgufFile file(GetParam());
    file.u32("a.u32", 7).f32("a.f32", 1e-5F).text("a.text", "hello").flag("a.flag", true);
    file.texts("a.texts", {"x", "", "yz"}).i32s("a.i32s", {1, -2}).f32s("a.f32s", {0.5F});
    file.pair("a.i8", 1, raw(int8_t{-3}))
        .pair("a.f64", 12, raw(2.5))
        .pair("a.u64", 10, raw(uint64_t{1} << 63));
    file.pair("a.flags", 9, raw(uint32_t{7}) + raw(uint64_t{2}) + "ab");
    file.floats("v", {3}, {1, 2, 3}).tensor("q", {32, 2}, 2, std::string(36, 'q'));
    const std::string bytes = file.bytes();
    const GgufHeader header = parse(bytes);
    EXPECT_EQ(header.version, GetParam());
    EXPECT_EQ(header.metadata.integer("a.u32"), 7);
    EXPECT_EQ(header.metadata.number("a.f32"), 1e-5);  // as a person wrote it
    EXPECT_EQ(header.metadata.text("a.text"), "hello");
    EXPECT_EQ(header.metadata.boolean("a.flag"), true);
    EXPECT_EQ(*header.metadata.texts("a.texts"), (GgufStrings{"x", "", "yz"}));
    EXPECT_EQ(*header.metadata.integers("a.i32s"), (GgufIntegers{1, -2}));
    EXPECT_EQ(*header.metadata.floats("a.f32s"), (GgufFloats{0.5F}));
    EXPECT_EQ(header.metadata.integer("a.i8"), -3);
    EXPECT_EQ(header.metadata.number("a.f64"), 2.5);
    EXPECT_TRUE(header.metadata.has("a.flags"));
    EXPECT_FALSE(header.metadata.integer("absent").has_value());
    expect_error(ErrorCode::invalid_input, {"a.text", "m.gguf"}, [&] { header.metadata.integer("a.text"); });
    expect_error(ErrorCode::invalid_input, {"a.u64"}, [&] { header.metadata.integer("a.u64"); });
    expect_error(ErrorCode::invalid_input, {"absent", "missing"},
                 [&] { header.metadata.required_number("absent"); });
    ASSERT_EQ(header.tensors.size(), 2U);
    EXPECT_EQ(header.tensors[0].name, "v");
    EXPECT_EQ(header.tensors[1].type, SourceType::q4_0);
    EXPECT_EQ(header.tensors[1].shape, (std::vector<int64_t>{2, 32}));  // outermost first
    EXPECT_EQ(bytes.substr(header.tensors[1].begin, header.tensors[1].end - header.tensors[1].begin),
              std::string(36, 'q'));
}

INSTANTIATE_TEST_SUITE_P(TwoAndThree, Versions, testing::Values(2U, 3U));

TEST(GgufHeader, EveryTruncationIsAnError) {
    GgufFile file;
    file.u32("general.alignment", 32)
        .texts("t", {"a", "bc"})
        .text("s", "text")
        .floats("v", {4}, {1, 2, 3, 4});
    const std::string whole = file.bytes();
    parse(whole);
    const size_t end_of_data = file.header().size() / 32 * 32 + 32 + 16;  // padding after the data may be cut
    for (size_t size = 0; size < end_of_data; ++size) {
        expect_error(ErrorCode::invalid_input, {"m.gguf"}, [&] { parse(whole.substr(0, size)); });
    }
}

TEST(GgufHeader, RefusesOtherFormats) {
    expect_refused("", {"no GGUF file"});
    expect_refused("GGML" + std::string(60, '\0'), {"no GGUF file"});
    expect_refused(GgufFile(1).bytes(), {"version 1", "2, 3"}, ErrorCode::unsupported);
    expect_refused(GgufFile(4).bytes(), {"version 4"}, ErrorCode::unsupported);
    expect_refused(GgufFile(0x03000000).bytes(), {"big-endian"}, ErrorCode::unsupported);
}

TEST(GgufHeader, RefusesAbsurdCounts) {
    const GgufFile file;
    const uint64_t huge = ~uint64_t{0};
    expect_refused(file.start(huge, 0) + std::string(100, '\0'), {"tensors"});
    expect_refused(file.start(0, huge) + std::string(100, '\0'), {"metadata keys"});
    expect_refused(file.start(4, 0) + std::string(100, '\0'), {"4 tensors"});  // 100 bytes cannot hold four
    expect_refused(file.start(0, 1) + raw(huge) + std::string(100, '\0'), {"18446744073709551615 bytes"});
    expect_refused(file.start(0, 1) + raw(uint64_t{0}) + std::string(100, '\0'), {"0 bytes"});
    for (const uint32_t type : {0U, 4U, 6U, 7U, 8U, 9U, 12U}) {
        GgufFile lying;
        lying.pair("k", 9, raw(type) + raw(huge));
        expect_refused(lying.bytes() + std::string(100, '\0'), {"elements"});
    }
    expect_refused(GgufFile().pair("k", 9, raw(uint32_t{13}) + raw(uint64_t{0})).bytes(),
                   {"element type 13"});
    expect_refused(GgufFile().pair("k", 99, "").bytes() + std::string(64, '\0'), {"type 99"});
    std::string nested = raw(uint32_t{0}) + raw(uint64_t{0});
    for (int depth = 0; depth < 100; ++depth)
        nested = raw(uint32_t{9}) + raw(uint64_t{1}) + nested;
    expect_refused(GgufFile().pair("k", 9, nested).bytes(), {"nested"});
    expect_refused(GgufFile().u32("k", 1).u32("k", 2).bytes(), {"metadata k", "twice"});
}

TEST(GgufHeader, RefusesLyingTensors) {
    const std::string data(64, 'x');
    const auto tensor = [&](const std::vector<uint64_t>& axes, uint32_t type, uint64_t offset) {
        return GgufFile().tensor_at("w", axes, type, offset).bytes() + data;
    };
    parse(tensor({16}, 0, 0));
    expect_refused(tensor({17}, 0, 0), {"tensor w", "68 bytes", "offset 0"});
    expect_refused(tensor({8}, 0, 64), {"tensor w", "offset 64"});
    expect_refused(tensor({8}, 0, ~uint64_t{31}), {"tensor w"});  // wraps around
    expect_refused(tensor({8}, 0, 8), {"not aligned"});
    expect_refused(tensor({}, 0, 0) + data, {"0 axes"});
    expect_refused(tensor({1, 1, 1, 1, 1}, 0, 0), {"5 axes"});
    expect_refused(tensor({0}, 0, 0), {"axis of 0"});
    expect_refused(tensor({uint64_t{1} << 32, uint64_t{1} << 32}, 0, 0), {"axis of 4294967296"});
    expect_refused(tensor({uint64_t{1} << 62}, 0, 0), {"axis of"});
    expect_refused(tensor({16}, 2, 0), {"rows of 16", "q4_0"});
    expect_refused(tensor({128}, 12, 0), {"rows of 128", "q4_k"});
    expect_refused(GgufFile().tensor_at("v", {16}, 0, 0).tensor_at("w", {8}, 0, 32).bytes() + data,
                   {"overlap"});
    expect_refused(GgufFile().tensor_at("w", {4}, 0, 0).tensor_at("w", {4}, 0, 32).bytes() + data,
                   {"listed twice"});
    expect_refused(GgufFile().tensor_at(std::string(2000, 'n'), {4}, 0, 0).bytes() + data, {"2000 bytes"});
}

// Whether anybody needs them is not the header's to say.
TEST(GgufHeader, SetsTypesApartThatAreNotRead) {
    const std::string file = GgufFile()
                                 .tensor_at("v", {16}, 0, 0)
                                 .tensor_at("w", {uint64_t{1} << 40}, 77, ~uint64_t{31})
                                 .tensor_at("x", {8}, 26, 0)
                                 .bytes() +
                             std::string(64, 'x');
    const GgufHeader header = parse(file);
    ASSERT_EQ(header.tensors.size(), 1U);
    EXPECT_EQ(header.tensors[0].name, "v");
    ASSERT_EQ(header.unreadable.size(), 2U);
    EXPECT_EQ(header.unreadable[0].name, "w");
    EXPECT_EQ(gguf_type_name(header.unreadable[0].type), "number 77");
    EXPECT_EQ(gguf_type_name(header.unreadable[1].type), "I32");
    expect_refused(
        GgufFile().tensor_at("w", {4}, 26, 0).tensor_at("w", {4}, 0, 32).bytes() + std::string(64, 'x'),
        {"listed twice"});
}

TEST(GgufHeader, Alignment) {
    const std::string data(512, 'x');
    for (const uint32_t wrong : {0U, 3U, 48U, 1U << 21}) {
        expect_refused(GgufFile().u32("general.alignment", wrong).bytes() + data, {"general.alignment"});
    }
    const std::string file =
        GgufFile().u32("general.alignment", 128).tensor_at("w", {4}, 0, 128).bytes() + data;
    EXPECT_EQ(parse(file).tensors[0].begin % 128, 0U);
    expect_refused(GgufFile().u32("general.alignment", 128).tensor_at("w", {4}, 0, 32).bytes() + data,
                   {"128"});
}

TEST(GgufNames, TensorNames) {
    const auto name = gguf_tensor_name("blk.12.attn_q.weight");
    EXPECT_EQ(name.name, "model.layers.12.self_attn.q_proj.weight");
    EXPECT_TRUE(name.query);
    EXPECT_EQ(gguf_tensor_name("blk.0.attn_k.bias").name, "model.layers.0.self_attn.k_proj.bias");
    EXPECT_EQ(gguf_tensor_name("blk.0.attn_k_norm.weight").name, "model.layers.0.self_attn.k_norm.weight");
    EXPECT_FALSE(gguf_tensor_name("blk.0.attn_k_norm.weight").key);
    EXPECT_EQ(gguf_tensor_name("blk.0.ffn_norm.weight").name,
              "model.layers.0.post_attention_layernorm.weight");
    EXPECT_EQ(gguf_tensor_name("output.weight").name, "lm_head.weight");
    EXPECT_EQ(gguf_tensor_name("blk.1.attn_rot_embd").use, GgufTensorUse::unknown);
    EXPECT_EQ(gguf_tensor_name("blk.1.attn_rot_embd.weight").use, GgufTensorUse::skip);
    for (const char* unknown :
         {"blk.0.ffn_gate_exps.weight", "blk..attn_q.weight", "blk.x.attn_q.weight", "blk.-1.attn_q.weight",
          "blk.01.attn_q.weight", "blk.99999999999.attn_q.weight", "blk.0.attn_q", "blk.0", "blk.",
          "blk.0..weight", "token_embd.bias", ""}) {
        EXPECT_EQ(gguf_tensor_name(unknown).use, GgufTensorUse::unknown) << unknown;
    }
}

TEST(GgufNames, Architectures) {
    EXPECT_STREQ(gguf_architecture("qwen3", "m.gguf").model_type, "qwen3");
    expect_error(ErrorCode::unsupported,
                 {"m.gguf", "'mamba'",
                  "arcee, command-r, cohere2, ernie4_5, exaone4, gemma, gemma2, gemma3, chatglm, glm4, "
                  "granite, hunyuan-dense, lfm2, llama, "
                  "minicpm, mistral3, nemotron, olmo2, phi3, "
                  "qwen2, qwen3, qwen35, smollm3, stablelm, starcoder2"},
                 [] { gguf_architecture("mamba", "m.gguf"); });
}

}  // namespace
}  // namespace ovenbird
