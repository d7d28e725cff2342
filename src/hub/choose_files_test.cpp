#include "hub/choose_files.hpp"

#include <gtest/gtest.h>

#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

RepoListing listing(const std::vector<std::string>& files) {
    RepoListing listing{"org/model", "main", std::string(40, 'a'), "/cache", {}};
    for (const auto& file : files)
        listing.files.push_back({file, (listing.files.size() + 1) << 20, false});
    return listing;
}

using Files = std::vector<std::string>;

TEST(ChooseFiles, OnlyWhatABakeOfAFolderNeeds) {
    const auto chosen =
        choose_files(listing({"README.md", "config.json", "consolidated.safetensors",
                              "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
                              "model.safetensors.index.json", "modeling_x.py", "onnx/model.onnx",
                              "pytorch_model.bin", "tokenizer.json", "additional_chat_templates/rag.jinja"}),
                     "");
    EXPECT_EQ(chosen.files, (Files{"config.json", "tokenizer.json", "additional_chat_templates/rag.jinja",
                                   "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
                                   "model.safetensors.index.json"}));
    EXPECT_EQ(chosen.source, "");
}

TEST(ChooseFiles, OneWholeFileBeforeShards) {
    const auto chosen = choose_files(
        listing({"config.json", "model-00001-of-00001.safetensors", "model.safetensors", "x.gguf"}), "");
    EXPECT_EQ(chosen.files, (Files{"config.json", "model.safetensors"}));
}

TEST(ChooseFiles, AnIr) {
    const auto chosen = choose_files(listing({"config.json", "openvino_model.bin", "openvino_model.xml",
                                              "openvino_tokenizer.xml", "openvino_tokenizer.bin"}),
                                     "");
    EXPECT_EQ(chosen.files, (Files{"config.json", "openvino_model.xml", "openvino_model.bin"}));
    const auto other = choose_files(listing({"config.json", "int4.bin", "int4.xml"}), "");
    EXPECT_EQ(other.source, "int4.xml");
}

TEST(ChooseFiles, ABakedFolderIsTakenWhole) {
    const auto chosen =
        choose_files(listing({".gitattributes", "model.bin", "openvino_model.bin", "openvino_model.xml",
                              "ovenbird.json", "graphs/decode_256.xml"}),
                     "");
    EXPECT_TRUE(chosen.is_baked);
    EXPECT_EQ(chosen.files.size(), 5U);
}

TEST(ChooseFiles, OneGgufIsTakenAsItIs) {
    const auto chosen =
        choose_files(listing({"README.md", "config.json", "mmproj-F16.gguf", "m.Q4_K_M.gguf"}), "");
    EXPECT_EQ(chosen.files, (Files{"m.Q4_K_M.gguf"}));
    EXPECT_EQ(chosen.source, "m.Q4_K_M.gguf");
    EXPECT_TRUE(chosen.notes.empty());
}

TEST(ChooseFiles, OfSeveralGgufsTheBestSourceAndANote) {
    const auto chosen = choose_files(listing({"m-IQ2_M.gguf", "m-Q4_K_M.gguf", "m-Q6_K.gguf"}), "");
    EXPECT_EQ(chosen.source, "m-Q6_K.gguf");
    ASSERT_EQ(chosen.notes.size(), 1U);
    for (const char* word : {"m-IQ2_M.gguf", "m-Q4_K_M.gguf", "taking m-Q6_K.gguf", "org/model:FILE"})
        EXPECT_NE(chosen.notes[0].find(word), std::string::npos) << chosen.notes[0];
}

TEST(ChooseFiles, AChoiceIsAFileOrAQuantisation) {
    const auto files = listing({"Q8_0/m-Q8_0-00001-of-00002.gguf", "Q8_0/m-Q8_0-00002-of-00002.gguf",
                                "m-Q4_K_M.gguf", "m-Q4_K_S.gguf", "m-Q4_K.gguf"});
    EXPECT_EQ(choose_files(files, "q4_k_m").source, "m-Q4_K_M.gguf");
    EXPECT_EQ(choose_files(files, "Q4_K").source, "m-Q4_K.gguf");
    EXPECT_EQ(choose_files(files, "m-Q4_K_S.gguf").source, "m-Q4_K_S.gguf");
    EXPECT_EQ(choose_files(files, "Q8_0").files,
              (Files{"Q8_0/m-Q8_0-00001-of-00002.gguf", "Q8_0/m-Q8_0-00002-of-00002.gguf"}));
    EXPECT_EQ(choose_files(files, "Q8_0/m-Q8_0-00002-of-00002.gguf").files.size(), 2U);
}

TEST(ChooseFiles, AChoiceThatFitsNoneOrSeveralListsThem) {
    const auto files = listing({"a-Q4_0.gguf", "b-Q4_0.gguf"});
    EXPECT_NE(
        error_of(ErrorCode::not_found, [&] { choose_files(files, "Q5_0"); }).find("a-Q4_0.gguf (1 MiB)"),
        std::string::npos);
    EXPECT_NE(
        error_of(ErrorCode::not_found, [&] { choose_files(files, "Q4_0"); }).find("org/model:a-Q4_0.gguf"),
        std::string::npos);
    error_of(ErrorCode::not_found, [&] { choose_files(listing({"model.safetensors"}), "Q4_0"); });
}

TEST(ChooseFiles, WhatCannotBeBakedIsToldForWhatItIs) {
    for (const auto& [files, word] : std::vector<std::pair<Files, const char*>>{
             {{"config.json", "pytorch_model.bin"}, "pickles"},
             {{"adapter_config.json", "adapter_model.safetensors"}, "adapter"},
             {{"README.md"}, "README.md"},
             {{}, "no files"}})
        EXPECT_NE(error_of(ErrorCode::unsupported, [&] { choose_files(listing(files), ""); }).find(word),
                  std::string::npos);
}

TEST(ChooseFiles, ATokenizerAlone) {
    EXPECT_EQ(choose_text_files(listing({"model.safetensors", "tokenizer.json"})).files,
              (Files{"tokenizer.json"}));
    error_of(ErrorCode::not_found, [] { choose_text_files(listing({"model.safetensors"})); });
}

}  // namespace
}  // namespace ovenbird
