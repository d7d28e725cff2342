#include <gtest/gtest.h>

#include <openvino/op/ops.hpp>

#include "bake/forms/block.hpp"
#include "bake/forms/fold_layers.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;
using Value = ov::Output<ov::Node>;

Value input(ov::ParameterVector& inputs, const std::string& name, const ov::Shape& shape,
            ov::element::Type type = ov::element::f32) {
    inputs.push_back(std::make_shared<v0::Parameter>(type, shape));
    inputs.back()->get_output_tensor(0).set_names({name});
    return inputs.back();
}

void output(ov::ResultVector& results, const Value& value, const std::string& name) {
    results.push_back(std::make_shared<v0::Result>(value));
    results.back()->get_output_tensor(0).set_names({name});
}

Value weight(float start) {
    return v0::Constant::create(ov::element::f32, {4}, {start, start + 1, start + 2, start + 3});
}

// A decoder of the least: two tokens, three kept ones, one head of four numbers.
struct Toy {
    explicit Toy(size_t layers, std::set<size_t> scaled_layers = {}) {
        const Value embeds = input(inputs, "inputs_embeds", {1, 2, 4});
        const Value mask = input(inputs, "attention_mask", {1, 5}, ov::element::i64);
        const Value bias =
            std::make_shared<v0::Unsqueeze>(std::make_shared<v0::Convert>(mask, ov::element::f32),
                                            v0::Constant::create(ov::element::i64, {2}, {0, 1}));
        Value hidden = embeds;
        for (size_t layer = 0; layer < layers; ++layer)
            hidden = decode(hidden, bias, layer, scaled_layers.contains(layer));
        output(results, std::make_shared<v1::Multiply>(hidden, weight(900)), "logits");
    }

    Value decode(const Value& hidden, const Value& bias, size_t layer, bool scaled) {
        const std::string name = std::to_string(layer) + ".key";
        const auto number = static_cast<float>(10 * layer);
        const Value key =
            std::make_shared<v0::Unsqueeze>(std::make_shared<v1::Multiply>(hidden, weight(number)), axis(1));
        const Value past = std::make_shared<v0::Convert>(
            input(inputs, "past_key_values." + name, {1, 1, 3, 4}, ov::element::f16), ov::element::f32);
        const Value keys = std::make_shared<v0::Concat>(ov::OutputVector{past, key}, 2);
        output(results, std::make_shared<v0::Convert>(key, ov::element::f16), "present." + name);
        Value mixed = std::make_shared<v13::ScaledDotProductAttention>(key, keys, keys, bias, false);
        mixed = std::make_shared<v0::Squeeze>(mixed, axis(1));
        if (scaled)
            mixed = std::make_shared<v1::Multiply>(mixed, v0::Constant::create(ov::element::f32, {}, {2.0F}));
        const Value attended = std::make_shared<v1::Add>(hidden, mixed);
        attended.get_node()->set_friendly_name("a name that is no one's business, " + name);
        return std::make_shared<v1::Add>(attended,
                                         std::make_shared<v1::Multiply>(attended, weight(number + 5)));
    }

    static Value axis(int64_t number) { return v0::Constant::create(ov::element::i64, {1}, {number}); }

    std::shared_ptr<ov::Model> model() const { return std::make_shared<ov::Model>(results, inputs); }

    ov::ParameterVector inputs;
    ov::ResultVector results;
};

TEST(FoldLayers, EqualLayersAreOneGraphWhateverTheirNumber) {
    const auto two = fold_layers(Toy(2).model(), 1);
    const auto seven = fold_layers(Toy(7).model(), 1);
    ASSERT_EQ(two.kinds.size(), 1U);
    ASSERT_EQ(seven.kinds.size(), 1U);
    EXPECT_EQ(seven.layers.size(), 7U);
    EXPECT_EQ(text_of(two.kinds[0]), text_of(seven.kinds[0]));
    EXPECT_EQ(text_of(two.head), text_of(seven.head));
    EXPECT_EQ(text_of(two.before), text_of(seven.before));
}

TEST(FoldLayers, EveryLayerHasItsOwnWeightsAndCaches) {
    const auto folded = fold_layers(Toy(3).model(), 1);
    ASSERT_EQ(folded.layers[2].weights.size(), 2U);
    for (const auto& use : folded.layers[2].weights) {
        const float first = use.constant->cast_vector<float>().front();
        EXPECT_TRUE(first == 20 || first == 25) << first;
    }
    EXPECT_EQ(folded.layers[2].caches, std::vector<std::string>{"2.key"});
    EXPECT_EQ(folded.layers[2].shared, std::vector<std::string>{"shared.0"});
    ASSERT_EQ(folded.head_weights.size(), 1U);
    EXPECT_EQ(folded.head_weights[0].constant->cast_vector<float>().front(), 900);
}

TEST(FoldLayers, LayersOfTwoKindsAreTwoGraphs) {
    const auto folded = fold_layers(Toy(4, {1, 3}).model(), 1);
    ASSERT_EQ(folded.kinds.size(), 2U);
    for (const size_t layer : {0U, 1U, 2U, 3U})
        EXPECT_EQ(folded.layers[layer].kind, layer % 2);
}

TEST(FoldLayers, OneLayerIsALayerToo) {
    const auto one = fold_layers(Toy(1).model(), 1);
    ASSERT_EQ(one.layers.size(), 1U);
    EXPECT_EQ(text_of(one.kinds[0]), text_of(fold_layers(Toy(2).model(), 1).kinds[0]));
}

TEST(FoldLayers, TheHeadTakesItsRows) {
    const auto folded = fold_layers(Toy(2).model(), 1);
    EXPECT_EQ(folded.head->input("hidden").get_shape(), (ov::Shape{1, 1, 4}));
    EXPECT_EQ(folded.kinds[0]->input("hidden").get_shape(), (ov::Shape{1, 2, 4}));
    EXPECT_EQ(folded.kinds[0]->output("present.0").get_shape(), (ov::Shape{1, 1, 2, 4}));
}

TEST(FoldLayers, WhatIsNoDecoderIsRefused) {
    Toy toy(0);
    EXPECT_THROW((void)fold_layers(toy.model(), 1), Error);
    Toy shortcut(2);  // a value of the first layer is read again behind the last
    const auto early = shortcut.results[0]->input_value(0);
    shortcut.results.pop_back();
    output(shortcut.results,
           std::make_shared<v1::Multiply>(
               std::make_shared<v0::Squeeze>(std::make_shared<v0::Convert>(early, ov::element::f32),
                                             Toy::axis(1)),
               weight(1)),
           "logits");
    EXPECT_THROW((void)fold_layers(shortcut.model(), 1), Error);
}

}  // namespace
}  // namespace ovenbird
