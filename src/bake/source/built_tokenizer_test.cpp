#include "bake/source/built_tokenizer.hpp"

#include <gtest/gtest.h>

#include "bake/source/checkpoint.hpp"
#include "bake/source/source_files.hpp"
#include "bake/source/spm_bytes.hpp"

namespace ovenbird {
namespace {

SpmFile spm(int algorithm) {
    SpmFile file(algorithm);
    file.piece("<unk>", 0, 2).piece("<s>", 0, 3).piece("</s>", 0, 3).piece("[T]", 0, 4);
    file.piece("\u2581a", -1).piece("ab", -2).piece("\u2581ab", -3);
    return file.piece("\u2581", -4).piece("a", -5).piece("b", -6);
}

bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST(BuiltTokenizer, OfSentencePieceBpe) {
    const SourceFolder folder;
    folder.write("tokenizer.model", spm(2).bytes());
    const BuiltTokenizer built = build_tokenizer(folder.path());
    EXPECT_EQ(built.warning, "");
    EXPECT_TRUE(holds(built.note, "tokenizer.model") && holds(built.note, "legacy")) << built.note;
    const Json json = Json::parse(built.tokenizer);
    EXPECT_EQ(json["model"]["vocab"]["\u2581ab"], 6);
    EXPECT_EQ(json["model"]["merges"],
              Json::parse("[[\"\u2581\",\"a\"],[\"a\",\"b\"],[\"\u2581a\",\"b\"],[\"\u2581\",\"ab\"]]"));
    ASSERT_EQ(json["added_tokens"].size(), 4U);
    EXPECT_EQ(json["added_tokens"][0]["special"], true);  // <unk>
    EXPECT_EQ(json["added_tokens"][3]["special"], false);
    EXPECT_EQ(json["normalizer"]["normalizers"][0]["type"], "Prepend");
    EXPECT_EQ(json["post_processor"]["single"].size(), 2U);
    const Json config = Json::parse(built.tokenizer_config);
    EXPECT_EQ(config["bos_token"], "<s>");
    EXPECT_EQ(config["eos_token"], "</s>");
    EXPECT_EQ(config["add_bos_token"], true);
}

TEST(BuiltTokenizer, ThePrefixRuleIsTheConfigurationsElseTheMarks) {
    const SourceFolder folder;
    folder.write("tokenizer.model", spm(2).bytes());
    const auto json_with = [&](const std::string& config) {
        folder.write("tokenizer_config.json", config);
        return Json::parse(build_tokenizer(folder.path()).tokenizer);
    };
    const Json newer = json_with("\xEF\xBB\xBF{\"legacy\": false, \"add_bos_token\": false}");
    EXPECT_EQ(newer["pre_tokenizer"]["prepend_scheme"], "first");
    EXPECT_TRUE(newer["post_processor"].is_null());
    EXPECT_EQ(json_with(R"({"legacy": true})")["normalizer"]["normalizers"].size(), 2U);
    EXPECT_EQ(json_with(R"({"add_prefix_space": false})")["normalizer"]["normalizers"].size(), 1U);
    folder.write("tokenizer.model", spm(2).piece("[INST]", 0, 3).bytes());
    EXPECT_EQ(json_with("{}")["pre_tokenizer"]["type"], "Metaspace");
    EXPECT_EQ(json_with(R"({"legacy": true})")["normalizer"]["normalizers"].size(), 2U);
}

TEST(BuiltTokenizer, OfSentencePieceUnigram) {
    const SourceFolder folder;
    folder.write("tokenizer.model", spm(1).bytes());
    const Json model = Json::parse(build_tokenizer(folder.path()).tokenizer)["model"];
    EXPECT_EQ(model["type"], "Unigram");
    EXPECT_EQ(model["vocab"][4], Json::parse("[\"\u2581a\", -1.0]"));
}

TEST(BuiltTokenizer, OfVocabAndMerges) {
    const SourceFolder folder;
    folder.write("config.json", R"({"model_type":"qwen2"})");
    folder.write("vocab.json", "\xEF\xBB\xBF{\"a\":0,\"b\":1,\"ab\":2,\"<|endoftext|>\":3}");
    folder.write("merges.txt", "#version: 0.2\r\na b\r\n");
    const Json json = Json::parse(build_tokenizer(folder.path()).tokenizer);
    EXPECT_EQ(json["model"]["merges"], Json::parse(R"([["a","b"]])"));
    EXPECT_EQ(json["normalizer"]["type"], "NFC");
    EXPECT_EQ(json["added_tokens"][0]["id"], 3);
    folder.write("tokenizer_config.json", R"({"tokenizer_class":"GPT2Tokenizer"})");
    EXPECT_TRUE(Json::parse(build_tokenizer(folder.path()).tokenizer)["normalizer"].is_null());
    folder.write("merges.txt", "#version: 0.2\na b\nb a\n");
    EXPECT_TRUE(holds(build_tokenizer(folder.path()).warning, "line 3 'b a'"));
    folder.write("tokenizer_config.json", R"({"tokenizer_class":"BartTokenizer"})");
    EXPECT_TRUE(holds(build_tokenizer(folder.path()).warning, "BartTokenizer"));
}

TEST(BuiltTokenizer, OfTekken) {
    const SourceFolder folder;
    folder.write("tekken.json",
                 R"({"config":{"pattern":"\\p{L}+","default_vocab_size":8,"default_num_special_tokens":5},
                     "vocab":[{"rank":0,"token_bytes":"YQ=="},{"rank":1,"token_bytes":"IA=="},
                              {"rank":2,"token_bytes":"IGE="},{"rank":3,"token_bytes":"Yg=="}]})");
    const BuiltTokenizer built = build_tokenizer(folder.path());
    const Json json = Json::parse(built.tokenizer);
    EXPECT_EQ(json["model"]["vocab"]["\u0120a"], 7);  // the fourth token is beyond the size
    EXPECT_EQ(json["model"]["vocab"].size(), 8U);
    EXPECT_EQ(json["model"]["merges"], Json::parse("[[\"\u0120\",\"a\"]]"));
    EXPECT_EQ(json["added_tokens"][3]["content"], "[INST]");
    EXPECT_EQ(json["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"], "\\p{L}+");
    folder.write("tekken.json",
                 R"({"config":{"pattern":"a","default_vocab_size":6,"default_num_special_tokens":5},
                     "vocab":[{"rank":0,"token_bytes":"!"}]})");
    EXPECT_TRUE(holds(build_tokenizer(folder.path()).warning, "vocab[0]"));
}

TEST(BuiltTokenizer, WhatCannotBeMadeIsAWarning) {
    const SourceFolder folder;
    const std::string nothing = build_tokenizer(folder.path()).warning;
    EXPECT_TRUE(holds(nothing, "has no tokenizer.json") && holds(nothing, "fetch")) << nothing;
    folder.write("tokenizer.model", "IQ== 0\n");
    EXPECT_TRUE(holds(build_tokenizer(folder.path()).warning, "not a SentencePiece model"));
    folder.write("tokenizer.model", spm(2).bytes());
    folder.write("tokenizer_config.json", R"({"tokenizer_class":"AlbertTokenizer"})");
    EXPECT_TRUE(holds(build_tokenizer(folder.path()).warning, "AlbertTokenizer"));
    folder.write("tokenizer.json", "{}");
    const BuiltTokenizer own = build_tokenizer(folder.path());
    EXPECT_EQ(own.warning + own.note + own.tokenizer, "");
}

TEST(BuiltTokenizer, TheFolderWarnsAndWrites) {
    const SourceFolder folder;
    folder.write("config.json", "{}");
    folder.write("model.safetensors",
                 safetensors_file(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
                                  raw(std::vector<float>{1})));
    EXPECT_EQ(open_checkpoint(folder.path())->warnings().size(), 1U);
    folder.write("tokenizer.model", spm(2).bytes());
    const auto checkpoint = open_checkpoint(folder.path());
    EXPECT_TRUE(checkpoint->warnings().empty());
    EXPECT_EQ(checkpoint->notes().size(), 1U);
    std::filesystem::create_directory(folder.path() / "out");
    const auto written = checkpoint->write_text_files(folder.path() / "out");
    EXPECT_EQ(std::count(written.begin(), written.end(), "tokenizer.json"), 1);
    EXPECT_EQ(std::count(written.begin(), written.end(), "tokenizer_config.json"), 1);
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "out" / "tokenizer.json"));
}

// GGUF files that are not models, and models that are not named so.
TEST(OpenCheckpoint, GgufByItsMagic) {
    const SourceFolder folder;
    const auto refused = [&](GgufFile file, const std::vector<std::string>& words) {
        const auto path = folder.write("sha256-0123", file.bytes());
        expect_error(ErrorCode::unsupported, words, [&] { open_checkpoint(path); });
    };
    refused(GgufFile().text("general.type", "adapter").text("general.architecture", "llama"),
            {"sha256-0123", "an adapter", "merge it"});
    refused(GgufFile().text("general.architecture", "clip"), {"the projector", "bake the .gguf"});
    refused(GgufFile().text("general.type", "mmproj"), {"the projector"});
    refused(GgufFile().text("general.architecture", "llama").texts("tokenizer.ggml.tokens", {"a"}),
            {"a vocabulary alone"});
}

}  // namespace
}  // namespace ovenbird
