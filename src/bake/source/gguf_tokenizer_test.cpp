#include "bake/source/gguf_tokenizer.hpp"

#include <gtest/gtest.h>

#include <map>

#include "bake/source/gguf_header.hpp"
#include "bake/source/source_files.hpp"
#include "base/json.hpp"

namespace ovenbird {
namespace {

TokenizerFiles files_of(const GgufFile& file, int64_t rows = 100, const std::string& architecture = "llama") {
    const std::string bytes = file.bytes();
    return make_gguf_tokenizer(parse_gguf(bytes_of(bytes), "m.gguf").metadata, architecture, rows);
}

Json tokenizer_of(const GgufFile& file) {
    return Json::parse(files_of(file).tokenizer);
}

GgufFile byte_level(const std::string& pre = "smollm") {
    GgufFile file;
    file.text("tokenizer.ggml.model", "gpt2");
    if (!pre.empty()) file.text("tokenizer.ggml.pre", pre);
    file.texts("tokenizer.ggml.tokens",
               {"<|endoftext|>", "<|im_end|>", "a", "b", "\u0120", "ab", "\u0120a", "<x>"});
    file.i32s("tokenizer.ggml.token_type", {3, 3, 1, 1, 1, 1, 1, 4});
    file.texts("tokenizer.ggml.merges", {"a b", "\u0120 a"});
    file.u32("tokenizer.ggml.bos_token_id", 0).u32("tokenizer.ggml.eos_token_id", 1);
    return file;
}

TEST(GgufTokenizer, ByteLevel) {
    const TokenizerFiles files = files_of(byte_level().text("tokenizer.chat_template", "{{ messages }}"));
    const Json tokenizer = Json::parse(files.tokenizer);
    EXPECT_EQ(tokenizer["model"]["type"], "BPE");
    EXPECT_EQ(tokenizer["model"]["vocab"].size(), 8U);
    EXPECT_EQ(tokenizer["model"]["vocab"]["\u0120a"], 6);
    EXPECT_EQ(tokenizer["model"]["merges"], Json::parse("[[\"a\",\"b\"],[\"\u0120\",\"a\"]]"));
    EXPECT_EQ(tokenizer["model"]["ignore_merges"], false);
    ASSERT_EQ(tokenizer["added_tokens"].size(), 3U);
    EXPECT_EQ(tokenizer["added_tokens"][1]["content"], "<|im_end|>");
    EXPECT_EQ(tokenizer["added_tokens"][1]["special"], true);
    EXPECT_EQ(tokenizer["added_tokens"][2]["id"], 7);
    EXPECT_EQ(tokenizer["added_tokens"][2]["special"], false);
    EXPECT_TRUE(tokenizer["post_processor"].is_null());
    EXPECT_EQ(tokenizer["pre_tokenizer"]["pretokenizers"].size(), 3U);
    const Json config = Json::parse(files.tokenizer_config);
    EXPECT_EQ(config["eos_token"], "<|im_end|>");
    EXPECT_EQ(config["chat_template"], "{{ messages }}");
    EXPECT_FALSE(config.contains("pad_token"));
    EXPECT_EQ(Json::parse(files.generation_config),
              Json::parse(R"({"bos_token_id":0,"eos_token_id":[1,0]})"));
}

// The words of Granite 4 and SmolLM3 are split as Llama 3's, but merged as they are written.
TEST(GgufTokenizer, SplitsOfGraniteAndSmolLm3) {
    const Json llama = tokenizer_of(byte_level("llama-bpe"));
    for (const char* name : {"dbrx", "smaug-bpe"}) {
        const Json other = tokenizer_of(byte_level(name));
        EXPECT_EQ(other["pre_tokenizer"], llama["pre_tokenizer"]) << name;
        EXPECT_EQ(other["model"]["ignore_merges"], false) << name;
        EXPECT_TRUE(other["post_processor"].is_null()) << name;
    }
}

TEST(GgufTokenizer, AutomaticTokens) {
    const Json one = tokenizer_of(byte_level("llama-bpe"));  // this family starts with BOS unless told not to
    EXPECT_EQ(one["post_processor"]["single"][0]["SpecialToken"]["id"], "<|endoftext|>");
    EXPECT_EQ(one["post_processor"]["special_tokens"]["<|endoftext|>"]["ids"], Json::array({0}));
    EXPECT_EQ(one["model"]["ignore_merges"], true);
    const Json none = tokenizer_of(byte_level("llama-bpe").flag("tokenizer.ggml.add_bos_token", false));
    EXPECT_TRUE(none["post_processor"].is_null());
    const Json both = tokenizer_of(
        byte_level().flag("tokenizer.ggml.add_bos_token", true).flag("tokenizer.ggml.add_eos_token", true));
    EXPECT_EQ(both["post_processor"]["single"].size(), 3U);
    EXPECT_EQ(both["post_processor"]["single"][2]["SpecialToken"]["id"], "<|im_end|>");
}

TEST(GgufTokenizer, EqualTextsHaveOneId) {
    GgufFile file;
    file.text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", "gpt-2");
    file.texts("tokenizer.ggml.tokens", {"s", "a", "a", "s"}).i32s("tokenizer.ggml.token_type", {1, 1, 1, 3});
    file.texts("tokenizer.ggml.merges", {});
    const Json tokenizer = tokenizer_of(file);
    EXPECT_EQ(tokenizer["model"]["vocab"], Json::parse(R"({"a":1,"s":3})"));
    EXPECT_EQ(tokenizer["added_tokens"].size(), 1U);
}

GgufFile sentencepiece() {
    GgufFile file;
    file.text("tokenizer.ggml.model", "llama");
    file.texts("tokenizer.ggml.tokens",
               {"<unk>", "<s>", "</s>", "<0x41>", "\u2581", "a", "b", "ab", "\u2581a", "\u2581ab", "\u00E9"});
    file.i32s("tokenizer.ggml.token_type", {2, 3, 3, 6, 1, 1, 1, 1, 1, 1, 1});
    file.f32s("tokenizer.ggml.scores", {0, 0, 0, 0, -9, -10, -11, -2, -1, -3, -12});
    file.u32("tokenizer.ggml.bos_token_id", 1).u32("tokenizer.ggml.eos_token_id", 2);
    file.u32("tokenizer.ggml.unknown_token_id", 0);
    return file;
}

TEST(GgufTokenizer, SentencePiece) {
    const Json tokenizer = tokenizer_of(sentencepiece());
    EXPECT_EQ(tokenizer["model"]["byte_fallback"], true);
    EXPECT_EQ(tokenizer["model"]["unk_token"], "<unk>");
    // Best score first; of two ways to the same piece the one with the longer left part, as transformers has
    // it.
    const Json expected =
        Json::parse("[[\"\u2581\",\"a\"],[\"a\",\"b\"],[\"\u2581a\",\"b\"],[\"\u2581\",\"ab\"]]");
    EXPECT_EQ(tokenizer["model"]["merges"], expected) << tokenizer["model"]["merges"].dump();
    EXPECT_EQ(tokenizer["normalizer"]["normalizers"].size(), 2U);
    EXPECT_EQ(tokenizer["normalizer"]["normalizers"][0]["type"], "Prepend");
    EXPECT_EQ(tokenizer["decoder"]["decoders"].size(), 4U);
    EXPECT_EQ(tokenizer["post_processor"]["single"][0]["SpecialToken"]["id"], "<s>");
    const Json plain = tokenizer_of(sentencepiece().flag("tokenizer.ggml.add_space_prefix", false));
    EXPECT_EQ(plain["normalizer"]["normalizers"].size(), 1U);
    EXPECT_EQ(plain["decoder"]["decoders"].size(), 3U);
}

// Converters write some ends of a turn as normal or user-defined tokens.
TEST(GgufTokenizer, EndsOfATurnOfAnyTypeAreSpecial) {
    for (const char* end : {"<|im_end|>", "<|eot_id|>", "<|end|>", "<end_of_turn>", "<|endoftext|>",
                            "<|end_of_text|>", "<|eom_id|>"}) {
        for (const int kind : {1, 4}) {
            GgufFile file;
            file.text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", "qwen2");
            file.texts("tokenizer.ggml.tokens", {"a", "<eos-of-nobody>", end, "</s>"});
            file.i32s("tokenizer.ggml.token_type", {1, 3, kind, kind}).texts("tokenizer.ggml.merges", {});
            file.u32("tokenizer.ggml.eos_token_id", 1);
            const TokenizerFiles files = files_of(file);
            const Json added = Json::parse(files.tokenizer)["added_tokens"];
            ASSERT_GE(added.size(), 2U) << end;
            EXPECT_EQ(added[1]["content"], end);
            EXPECT_EQ(added[1]["special"], true) << end;
            // "</s>" may be a word of HTML where it is a token of letters.
            const Json stops = kind == 1 ? Json({1, 2}) : Json({1, 2, 3});
            EXPECT_EQ(Json::parse(files.generation_config)["eos_token_id"], stops) << end << kind;
        }
    }
}

TEST(GgufTokenizer, PrefixRuleIsDecidedByTheMarks) {
    const TokenizerFiles older = files_of(sentencepiece());
    EXPECT_NE(older.note.find("legacy"), std::string::npos) << older.note;
    // Mistral's: its marks are tokens of their own, here of a type that converters also write.
    GgufFile file;
    file.text("tokenizer.ggml.model", "llama").text("tokenizer.chat_template", "[INST] {{ m }}[/INST]");
    file.texts("tokenizer.ggml.tokens", {"<unk>", "<s>", "</s>", "[INST]", "[/INST]", "\u2581", "a", "[A]"});
    file.i32s("tokenizer.ggml.token_type", {2, 3, 3, 4, 1, 1, 1, 4});
    file.f32s("tokenizer.ggml.scores", {0, 0, 0, 0, 0, -1, -2, 0});
    file.u32("tokenizer.ggml.bos_token_id", 1).u32("tokenizer.ggml.eos_token_id", 2);
    const TokenizerFiles newer = files_of(file);
    EXPECT_NE(newer.note.find("newer"), std::string::npos) << newer.note;
    const Json tokenizer = Json::parse(newer.tokenizer);
    EXPECT_TRUE(tokenizer["normalizer"].is_null());
    EXPECT_EQ(tokenizer["pre_tokenizer"]["type"], "Metaspace");
    EXPECT_EQ(tokenizer["pre_tokenizer"]["prepend_scheme"], "first");
    EXPECT_EQ(tokenizer["pre_tokenizer"]["split"], false);
    std::map<std::string, bool> special;
    for (const Json& token : tokenizer["added_tokens"])
        special[token["content"].get<std::string>()] = token["special"].get<bool>();
    EXPECT_TRUE(special.at("[INST]"));
    EXPECT_TRUE(special.at("[/INST]"));
    EXPECT_FALSE(special.at("[A]"));
}

TEST(GgufTokenizer, PreTokenizersOfOurFamilies) {
    for (const char* name :
         {"llama-bpe",     "llama3",  "qwen2",      "deepseek-llm", "deepseek-coder", "deepseek-r1-qwen",
          "deepseek-v3",   "falcon3", "smollm",     "refact",       "command-r",      "starcoder",
          "gpt-2",         "tekken",  "olmo",       "dbrx",         "stablelm2",      "granite-docling",
          "exaone",        "exaone4", "minerva-7b", "megrez",       "seed-coder",     "hunyuan",
          "hunyuan-dense", "kimi-k2", "gpt-4o",     "smaug-bpe",    "trillion",       "mellum",
          "a.x-4.0"}) {
        const Json tokenizer = tokenizer_of(byte_level(name));
        EXPECT_EQ(tokenizer["pre_tokenizer"]["pretokenizers"].back()["type"], "ByteLevel") << name;
    }
    // Two that differ from their neighbours by one thing.
    const auto expression = [](const char* name, size_t step) {
        return tokenizer_of(byte_level(name))["pre_tokenizer"]["pretokenizers"][step]["pattern"]["Regex"]
            .get<std::string>();
    };
    EXPECT_EQ(expression("stablelm2", 0), expression("qwen2", 0));
    EXPECT_TRUE(tokenizer_of(byte_level("stablelm2"))["normalizer"].is_null());
    EXPECT_NE(expression("seed-coder", 0), expression("qwen2", 0));
    EXPECT_EQ(expression("exaone", 0), "\\p{N}");
}

TEST(GgufTokenizer, NoneIsNoError) {
    EXPECT_TRUE(files_of(GgufFile()).tokenizer.empty());
    EXPECT_TRUE(files_of(GgufFile().text("tokenizer.ggml.model", "none")).tokenizer_config.empty());
}

TEST(GgufTokenizer, Refusals) {
    const auto expect_refused = [](const GgufFile& file, ErrorCode code,
                                   const std::vector<std::string>& words, int64_t rows = 100) {
        expect_error(code, words, [&] { files_of(file, rows); });
    };
    expect_refused(GgufFile().text("tokenizer.ggml.model", "t5"), ErrorCode::unsupported,
                   {"'t5'", "gpt2, llama"});
    expect_refused(byte_level("viking"), ErrorCode::unsupported, {"'viking'", "smollm", "llama-bpe"});
    expect_refused(byte_level(""), ErrorCode::unsupported, {"tokenizer.ggml.pre is missing"});
    EXPECT_FALSE(files_of(byte_level(""), 100, "qwen2").tokenizer.empty());
    expect_refused(byte_level(), ErrorCode::invalid_input, {"8 tokens for 7 rows"}, 7);
    expect_refused(GgufFile().text("tokenizer.ggml.model", "gpt2"), ErrorCode::invalid_input,
                   {"tokens is missing"});

    GgufFile plain;
    plain.text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", "gpt-2");
    plain.texts("tokenizer.ggml.tokens", {"a", "b"});
    expect_refused(plain, ErrorCode::invalid_input, {"merges is missing"});
    for (const char* merge : {"a b", "a", "", "a c", " b", "a  b"}) {
        expect_refused(GgufFile(plain).texts("tokenizer.ggml.merges", {merge}), ErrorCode::invalid_input,
                       {"merges[0]"});
    }
    expect_refused(GgufFile(plain).u32("tokenizer.ggml.eos_token_id", 2), ErrorCode::invalid_input,
                   {"eos_token_id is 2", "2 tokens"});
    expect_refused(GgufFile(plain).i32s("tokenizer.ggml.token_type", {1}), ErrorCode::invalid_input,
                   {"token_type"});
    GgufFile broken;
    broken.text("tokenizer.ggml.model", "gpt2").texts("tokenizer.ggml.tokens", {"a", "\xFF"});
    expect_refused(broken, ErrorCode::invalid_input, {"tokens[1]", "UTF-8"});

    GgufFile unscored;
    unscored.text("tokenizer.ggml.model", "llama")
        .texts("tokenizer.ggml.tokens", {"a", std::string(600, 'a')});
    expect_refused(unscored, ErrorCode::invalid_input, {"scores has 0 elements for 2 tokens"});
    expect_refused(unscored.f32s("tokenizer.ggml.scores", {0, 1}), ErrorCode::invalid_input, {"600 bytes"});
}

}  // namespace
}  // namespace ovenbird
