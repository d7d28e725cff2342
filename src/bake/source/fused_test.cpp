#include "bake/source/fused.hpp"

#include "bake/source/source_files.hpp"

namespace ovenbird {
namespace {

using Tensors = std::map<std::string, SourceTensor, std::less<>>;

constexpr FusedPart kHalves[] = {{"mlp.gate_proj"}, {"mlp.up_proj"}};
constexpr FusedPart kSame[] = {{"mlp.down_proj"}};
constexpr FusedPart kUnequal[] = {
    {"q", "num_attention_heads"}, {"k", "num_key_value_heads"}, {"v", "num_key_value_heads"}};
constexpr FusedTensor kFused[] = {{"both", kHalves}, {"one", kSame}, {"qkv", kUnequal}};

class SplitFused : public testing::Test {
protected:
    void add(const std::string& name, const std::vector<int64_t>& shape) {
        SourceTensor tensor;
        tensor.name = name;
        tensor.shape = shape;
        tensor.bytes = std::as_bytes(std::span(values_));
        tensors_[name] = tensor;
    }
    std::vector<float> row(const std::string& name, int64_t index) const {
        const SourceTensor& tensor = tensors_.at(name);
        EXPECT_EQ(tensor.name, name);
        std::vector<float> values(static_cast<size_t>(tensor.columns()));
        read_rows(tensor, index, index + 1, values.data());
        return values;
    }
    void split(const Json& config) { split_fused(tensors_, kFused, JsonObject(config, "config.json")); }
    std::vector<float> values_{0, 1, 2, 3, 4, 5, 6, 7};
    Tensors tensors_;
};

TEST_F(SplitFused, SharesAreRowsInOrderAndOthersStay) {
    add("model.layers.3.both.weight", {4, 2});
    add("model.layers.3.both.bias", {8});
    add("model.layers.10.one.weight", {2, 4});
    add("model.layers.10.self_attn.q_proj.weight", {2, 4});
    add("model.norm.weight", {8});
    split(Json{{"num_attention_heads", 2}, {"num_key_value_heads", 1}});
    EXPECT_EQ(tensors_.size(), 7U);
    EXPECT_EQ(row("model.layers.3.mlp.gate_proj.weight", 1), (std::vector<float>{2, 3}));
    EXPECT_EQ(row("model.layers.3.mlp.up_proj.weight", 0), (std::vector<float>{4, 5}));
    EXPECT_EQ(row("model.layers.3.mlp.up_proj.bias", 0), (std::vector<float>{4, 5, 6, 7}));
    EXPECT_EQ(row("model.layers.10.mlp.down_proj.weight", 1), (std::vector<float>{4, 5, 6, 7}));
    EXPECT_TRUE(tensors_.contains("model.layers.10.self_attn.q_proj.weight"));
}

TEST_F(SplitFused, SharesAreAsManyAsTheConfigurationSays) {
    add("model.layers.0.qkv.weight", {8, 1});
    split({{"num_attention_heads", 2}, {"num_key_value_heads", 1}});
    EXPECT_EQ(tensors_.at("model.layers.0.q.weight").rows(), 4);
    EXPECT_EQ(row("model.layers.0.q.weight", 3), std::vector<float>{3});
    EXPECT_EQ(row("model.layers.0.k.weight", 0), std::vector<float>{4});
    EXPECT_EQ(row("model.layers.0.v.weight", 1), std::vector<float>{7});
    tensors_.clear();
    add("model.layers.0.qkv.bias", {6});
    SourceTensor& bias = tensors_.at("model.layers.0.qkv.bias");
    bias.bytes = bias.bytes.first(6 * sizeof(float));
    split({{"num_attention_heads", 1}, {"num_key_value_heads", nullptr}});
    EXPECT_EQ(row("model.layers.0.v.bias", 0), (std::vector<float>{4, 5}));
    tensors_.clear();
    add("model.layers.0.qkv.weight", {8, 1});
    expect_error(ErrorCode::invalid_input, {"num_key_value_heads is -1"}, [&] {
        split({{"num_attention_heads", 2}, {"num_key_value_heads", -1}});
    });
    expect_error(ErrorCode::invalid_input, {"8 rows", "3 equal parts"}, [&] {
        split({{"num_attention_heads", 1}});
    });
}

TEST_F(SplitFused, WhatCannotBeSharesIsNamed) {
    add("model.layers.0.both.weight", {1, 8});
    expect_error(ErrorCode::invalid_input, {"model.layers.0.both.weight", "1 rows"}, [&] {
        split(Json{{"num_attention_heads", 2}, {"num_key_value_heads", 1}});
    });
    tensors_.clear();
    add("model.layers.0.both.weight", {4, 2});
    add("model.layers.0.mlp.up_proj.weight", {2, 4});
    expect_error(ErrorCode::invalid_input, {"model.layers.0.mlp.up_proj.weight", "twice"}, [&] {
        split(Json{{"num_attention_heads", 2}, {"num_key_value_heads", 1}});
    });
}

}  // namespace
}  // namespace ovenbird
