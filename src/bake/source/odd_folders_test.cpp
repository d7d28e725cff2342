// Folders as people have them: two sets of weights, other names, tensors that nobody needs.

#include <gtest/gtest.h>

#include <algorithm>

#include "bake/source/checkpoint.hpp"
#include "bake/source/hf_names.hpp"
#include "bake/source/source_files.hpp"

namespace ovenbird {
namespace {

struct Stored {
    std::string name;
    std::string type = "F32";
    std::string shape = "[2]";
    std::string data = raw(std::vector<float>{3, 4});
};

std::string file_of(const std::vector<Stored>& tensors) {
    std::string header, data;
    for (const auto& tensor : tensors) {
        header += (header.empty() ? "{\"" : ",\"") + tensor.name + R"(":{"dtype":")" + tensor.type +
                  R"(","shape":)" + tensor.shape + R"(,"data_offsets":[)" + std::to_string(data.size()) + ",";
        data += tensor.data;
        header += std::to_string(data.size()) + "]}";
    }
    return safetensors_file(header + "}", data);
}

Stored floats(const std::string& name, float first) {
    return {.name = name, .data = raw(std::vector<float>{first, first + 1})};
}

const Stored kShell{.name = "a", .shape = "[0]", .data = ""};

float first_value(const Checkpoint& checkpoint, const std::string& name) {
    float values[2] = {-1, -1};
    read_rows(checkpoint.tensors().at(name), 0, 1, values);
    return values[0];
}

bool notes(const Checkpoint& checkpoint, const std::string& words) {
    const auto& all = checkpoint.notes();
    return std::any_of(all.begin(), all.end(),
                       [&](const std::string& note) { return note.find(words) != std::string::npos; });
}

class OddFolder : public testing::Test {
protected:
    OddFolder() { folder_.write("config.json", R"({"model_type":"llama"})"); }
    void write(const std::string& name, const std::vector<Stored>& tensors) const {
        folder_.write(name, file_of(tensors));
    }
    void write_index(const std::string& map) const {
        folder_.write("model.safetensors.index.json", R"({"weight_map":)" + map + "}");
    }
    std::unique_ptr<Checkpoint> open() const { return open_checkpoint(folder_.path()); }
    const SourceFolder& folder() const { return folder_; }

private:
    SourceFolder folder_;
};

TEST_F(OddFolder, OfTwoSetsTheOneFileIsRead) {
    write("model.safetensors", {floats("a", 3)});
    write("1.safetensors", {floats("a", 7)});
    write("consolidated.safetensors", {floats("tok_embeddings.weight", 7)});
    write_index(R"({"a":"1.safetensors"})");
    const auto checkpoint = open();
    EXPECT_EQ(first_value(*checkpoint, "a"), 3);
    EXPECT_TRUE(notes(*checkpoint, "two sets of weights: model.safetensors is baked"));
    EXPECT_TRUE(notes(*checkpoint, "consolidated.safetensors is not read"));
}

TEST_F(OddFolder, AnEmptyShellGivesWayToTheShards) {
    write("model.safetensors", {kShell});
    write("1.safetensors", {floats("a", 7)});
    write_index(R"({"a":"1.safetensors"})");
    const auto checkpoint = open();
    EXPECT_EQ(first_value(*checkpoint, "a"), 7);
    EXPECT_TRUE(notes(*checkpoint, "model.safetensors is an empty shell"));
    EXPECT_EQ(checkpoint->files().size(), 1U);
}

TEST_F(OddFolder, AShellAloneSaysWhatItsTensorsLack) {
    write("model.safetensors", {kShell});
    const auto checkpoint = open();
    EXPECT_TRUE(checkpoint->tensors().empty());
    EXPECT_NE(checkpoint->unusable().at("a").find("has no elements (shape [0])"), std::string::npos);
    EXPECT_NE(checkpoint->unusable().at("a").find("ZeRO-3"), std::string::npos);
}

TEST_F(OddFolder, TensorsOfOtherTypesAndShapesAreKeptApart) {
    write("model.safetensors", {{"w"},
                                {"ids", "I64", "[1]", std::string(8, 'x')},
                                {"mask", "U8", "[1,1,2]", "xx"},
                                {"image", "F32", "[1,2,1]", "12345678"},
                                {"conv", "F32", "[1,1,2]", "12345678"},
                                {"count", "F32", "[]", "1234"},
                                {"codes", "F8_E4M3", "[2]", "xx"}});
    const auto checkpoint = open();
    EXPECT_EQ(checkpoint->tensors().size(), 2U);
    EXPECT_EQ(checkpoint->tensors().at("conv").shape, (std::vector<int64_t>{1, 2}));  // a row a channel
    const auto& unusable = checkpoint->unusable();
    EXPECT_EQ(unusable.size(), 5U);
    EXPECT_TRUE(unusable.at("ids").starts_with("has type I64, and Ovenbird reads F32, F16 and BF16"));
    EXPECT_TRUE(unusable.at("mask").starts_with("has type U8"));
    EXPECT_TRUE(unusable.at("image").starts_with("has shape [1, 2, 1]"));
    EXPECT_TRUE(unusable.at("count").starts_with("has shape []"));
    EXPECT_TRUE(unusable.at("codes").starts_with("has type F8_E4M3"));
    EXPECT_NE(unusable.at("codes").find("(model.safetensors)"), std::string::npos);
}

TEST_F(OddFolder, AnIndexThatNamesAnAbsentTensor) {
    write("1.safetensors", {floats("a", 3), floats("c", 4)});
    write("2.safetensors", {floats("b", 5)});
    // b is in another file than it says, c is not listed, x is nowhere.
    write_index(R"({"a":"1.safetensors","b":"1.safetensors","x":"2.safetensors"})");
    const auto checkpoint = open();
    EXPECT_EQ(checkpoint->tensors().size(), 3U);
    EXPECT_EQ(first_value(*checkpoint, "b"), 5);
    EXPECT_NE(checkpoint->unusable().at("x").find("is not in 2.safetensors"), std::string::npos);
    EXPECT_TRUE(notes(*checkpoint, "1 tensors that are in no file (first: x)"));
}

TEST_F(OddFolder, TheIndexDecidesBetweenTwoFiles) {
    write("1.safetensors", {floats("a", 3), floats("b", 4)});
    write("2.safetensors", {floats("a", 5), floats("b", 6)});
    write_index(R"({"a":"2.safetensors","b":"1.safetensors"})");
    EXPECT_EQ(first_value(*open(), "a"), 5);
    EXPECT_EQ(first_value(*open(), "b"), 4);
}

TEST_F(OddFolder, OnePrefixTooFewOrTooMany) {
    write("model.safetensors", {floats("layers.0.mlp.up_proj.weight", 3), floats("embed_tokens.weight", 4),
                                floats("norm.weight", 5), floats("model.lm_head.weight", 6),
                                floats("model.model.layers.1.mlp.up_proj.weight", 7),
                                floats("model.layers.2.mlp.up_proj.weight", 8), floats("lm_head.bias", 9),
                                floats("language_model.model.norm.weight", 10),
                                floats("transformer.model.layers.0.mlp.up_proj.weight", 11)});
    const auto checkpoint = open();
    EXPECT_EQ(first_value(*checkpoint, "model.layers.0.mlp.up_proj.weight"), 3);
    EXPECT_EQ(first_value(*checkpoint, "model.embed_tokens.weight"), 4);
    EXPECT_EQ(first_value(*checkpoint, "model.norm.weight"), 5);
    EXPECT_EQ(first_value(*checkpoint, "lm_head.weight"), 6);
    EXPECT_EQ(first_value(*checkpoint, "model.layers.1.mlp.up_proj.weight"), 7);
    EXPECT_EQ(first_value(*checkpoint, "model.layers.2.mlp.up_proj.weight"), 8);
    for (const char* kept : {"lm_head.bias", "language_model.model.norm.weight",
                             "transformer.model.layers.0.mlp.up_proj.weight"})
        EXPECT_TRUE(checkpoint->tensors().contains(kept)) << kept;
    EXPECT_TRUE(notes(*checkpoint, "3 tensor names have one 'model.' too few and 2 one too many"));
    EXPECT_EQ(checkpoint->tensors().at("model.norm.weight").name, "model.norm.weight");
}

TEST_F(OddFolder, TwoNamesOfOneTensorAreRefused) {
    write("model.safetensors", {floats("model.norm.weight", 3), floats("norm.weight", 4)});
    expect_error(ErrorCode::invalid_input, {"model.norm.weight and norm.weight", "two names"},
                 [&] { open(); });
}

TEST_F(OddFolder, UsualFoldersHaveNothingToTell) {
    write("model.safetensors", {floats("model.norm.weight", 3)});
    EXPECT_TRUE(open()->notes().empty());
    EXPECT_TRUE(open()->unusable().empty());
}

TEST(HfNames, TheLanguageModelAmongOtherParts) {
    EXPECT_EQ(name_in_language_model("language_model.model.layers.0.mlp.up_proj.weight"),
              "model.layers.0.mlp.up_proj.weight");
    EXPECT_EQ(name_in_language_model("model.language_model.layers.0.mlp.up_proj.weight"),
              "model.layers.0.mlp.up_proj.weight");
    EXPECT_EQ(name_in_language_model("language_model.lm_head.weight"), "lm_head.weight");
    for (const char* name : {"lm_head.weight", "model.norm.weight", "other.weight"})
        EXPECT_EQ(name_in_language_model(name), name);
    for (const char* name : {"vision_tower.a.weight", "model.multi_modal_projector.mm_soft_emb_norm.weight"})
        EXPECT_EQ(name_in_language_model(name), "");
}

}  // namespace
}  // namespace ovenbird
