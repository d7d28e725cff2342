#include <gtest/gtest.h>

#include <algorithm>
#include <openvino/op/ops.hpp>
#include <openvino/openvino.hpp>
#include <random>

#include "bake/forms/passes.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;
using Value = ov::Output<ov::Node>;

size_t count(const std::shared_ptr<ov::Model>& model, const std::string& type) {
    size_t found = 0;
    for (const auto& node : model->get_ordered_ops())
        found += node->get_type_name() == type;
    return found;
}

size_t attentions(const std::shared_ptr<ov::Model>& model) {
    return count(model, "ScaledDotProductAttention");
}

Value constant(const std::vector<int64_t>& values) {
    return v0::Constant::create(ov::element::i64, {values.size()}, values);
}

Value reshape(const Value& value, const std::vector<int64_t>& shape) {
    return std::make_shared<v1::Reshape>(value, constant(shape), false);
}

// What the outputs hold, one after the other, for inputs that are the same in
// every call.
std::vector<float> run(const std::shared_ptr<ov::Model>& model) {
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    auto request =
        ov::Core().compile_model(model, "CPU", {{"INFERENCE_PRECISION_HINT", "f32"}}).create_infer_request();
    for (const auto& input : model->inputs()) {
        ov::Tensor tensor(ov::element::f32, input.get_shape());
        std::generate_n(tensor.data<float>(), tensor.get_size(), [&] { return normal(random); });
        request.set_tensor(input, tensor);
    }
    request.infer();
    std::vector<float> values;
    for (const auto& output : model->outputs()) {
        const auto tensor = request.get_tensor(output);
        values.insert(values.end(), tensor.data<float>(), tensor.data<float>() + tensor.get_size());
    }
    return values;
}

void expect_same(const std::shared_ptr<ov::Model>& model, const std::shared_ptr<ov::Model>& expected) {
    model->validate_nodes_and_infer_types();
    for (size_t i = 0; i < expected->outputs().size(); ++i)
        EXPECT_EQ(model->output(i).get_shape(), expected->output(i).get_shape());
    const auto wanted = run(expected);
    const auto got = run(model);
    ASSERT_EQ(got.size(), wanted.size());
    for (size_t i = 0; i < wanted.size(); ++i)
        ASSERT_NEAR(got[i], wanted[i], 1e-5) << i;
}

// A graph under construction; each input comes into being where it is asked
// for.
struct Graph {
    ov::ParameterVector inputs;
    ov::OutputVector outputs;

    Value input(const ov::Shape& shape) {
        inputs.push_back(std::make_shared<v0::Parameter>(ov::element::f32, shape));
        return inputs.back();
    }
    std::shared_ptr<ov::Model> model() const { return std::make_shared<ov::Model>(outputs, inputs); }
};

// Attention of four heads, five keys and size six, written out in one of many
// ways.
struct Way {
    std::string name;
    size_t rows = 3;
    bool batch = true;           // rank 4 rather than 3
    size_t masks = 1;            // one of rows, one of heads, one of keys
    std::string keys = "flag";   // or "transpose", or "merged": one Transpose from
                                 // [1, keys, heads, size]
    std::string scale = "none";  // or a place
    std::string oddity{};        // what keeps it from being fused
};

std::ostream& operator<<(std::ostream& out, const Way& way) {
    return out << way.name;
}

Value scaled(const Value& value, const Way& way, const std::string& place, float factor) {
    if (way.scale.find(place) == std::string::npos) return value;
    const auto half = v0::Constant::create(ov::element::f16, {1, 1, 1}, {factor});
    if (place == "compressed")
        return std::make_shared<v1::Multiply>(std::make_shared<v0::Convert>(half, ov::element::f32), value);
    const auto number = v0::Constant::create(ov::element::f32, {}, {factor});
    if (place == "divided") return std::make_shared<v1::Divide>(value, number);
    return std::make_shared<v1::Multiply>(value, number);
}

Value keys_of(Graph& graph, const Way& way) {
    if (way.keys == "merged")
        return std::make_shared<v1::Transpose>(graph.input({1, 5, 4, 6}), constant({0, 2, 3, 1}));
    const auto keys = graph.input(way.batch ? ov::Shape{1, 4, 5, 6} : ov::Shape{4, 5, 6});
    if (way.keys == "flag") return scaled(keys, way, "keys", 0.5F);
    const auto order = way.batch ? constant({0, 1, 3, 2}) : constant({0, 2, 1});
    return scaled(std::make_shared<v1::Transpose>(keys, order), way, "keys", 0.5F);
}

Value product_of(Graph& graph, const Way& way) {
    const auto queries =
        scaled(graph.input(way.batch ? ov::Shape{1, 4, way.rows, 6} : ov::Shape{4, way.rows, 6}), way,
               "queries", 0.7F);
    const bool flag = way.keys == "flag";
    const Value product = std::make_shared<v0::MatMul>(queries, keys_of(graph, way), false, flag);
    if (way.oddity == "unscaled read") graph.outputs.push_back(std::make_shared<v0::Relu>(product));
    const auto divided = scaled(product, way, "divided", 3.0F);
    return scaled(scaled(divided, way, "product", 0.4F), way, "compressed", 0.25F);
}

Value masked(Graph& graph, const Way& way, Value scores) {
    const std::vector<ov::Shape> shapes{{1, 1, way.rows, 5}, {1, 4, 1, 5}, {1, 1, 1, 5}};
    for (size_t i = 0; i < way.masks; ++i) {
        const auto mask = graph.input(shapes[i]);
        scores = i == 1 ? std::make_shared<v1::Add>(mask, scores) : std::make_shared<v1::Add>(scores, mask);
    }
    if (way.oddity == "keys' mask") scores = std::make_shared<v1::Add>(scores, graph.input({1, 1, 1, 5}));
    if (way.oddity == "late factor")
        scores = std::make_shared<v1::Multiply>(scores, v0::Constant::create(ov::element::f32, {}, {0.5F}));
    return scores;
}

std::shared_ptr<ov::Model> written_out(const Way& way) {
    Graph graph;
    const auto rows = static_cast<int64_t>(way.rows);
    auto scores = product_of(graph, way);
    const auto product = scores;
    if (!way.batch) scores = reshape(scores, {1, 4, rows, 5});
    scores = masked(graph, way, scores);
    if (way.oddity == "vector") scores = std::make_shared<v1::Multiply>(scores, graph.input({5}));
    Value shares = std::make_shared<v8::Softmax>(scores, way.oddity == "other axis" ? -2 : -1);
    const auto softmax = shares;
    if (!way.batch) shares = reshape(shares, {4, rows, 5});
    const size_t heads = way.oddity == "one value head" ? 1 : 4;
    const auto values = graph.input(way.batch ? ov::Shape{1, heads, 5, 7} : ov::Shape{4, 5, 7});
    const auto mixed = std::make_shared<v0::MatMul>(shares, values);
    graph.outputs.push_back(mixed);
    if (way.oddity == "product read") graph.outputs.push_back(std::make_shared<v0::Relu>(product));
    if (way.oddity == "softmax read") graph.outputs.push_back(std::make_shared<v0::Relu>(softmax));
    return graph.model();
}

class WrittenOutAttention : public testing::TestWithParam<Way> {};

TEST_P(WrittenOutAttention, BecomesOneOperationThatSaysTheSame) {
    const auto model = written_out(GetParam());
    fuse_attention(model);
    const bool fused = GetParam().oddity.empty();
    EXPECT_EQ(attentions(model), fused ? 1U : 0U);
    EXPECT_EQ(count(model, "Softmax"), fused ? 0U : 1U);
    EXPECT_EQ(count(model, "MatMul"), fused ? 0U : 2U);
    expect_same(model, written_out(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(
    Fused, WrittenOutAttention,
    testing::Values(Way{.name = "plain"}, Way{.name = "no mask", .masks = 0},
                    Way{.name = "two masks", .masks = 2}, Way{.name = "three masks", .masks = 3},
                    Way{.name = "rank 3", .batch = false},
                    Way{.name = "rank 3 transposed", .batch = false, .keys = "transpose"},
                    Way{.name = "rank 3 without mask", .batch = false, .masks = 0},
                    Way{.name = "transposed", .keys = "transpose", .scale = "product"},
                    Way{.name = "merged", .keys = "merged", .scale = "divided"},
                    Way{.name = "one row", .rows = 1, .keys = "merged", .scale = "divided"},
                    Way{.name = "scaled queries", .scale = "queries"},
                    Way{.name = "scaled queries and keys", .keys = "transpose", .scale = "queries keys"},
                    Way{.name = "scaled everywhere", .scale = "queries keys divided product"},
                    Way{.name = "compressed scale", .scale = "compressed"}));

INSTANTIATE_TEST_SUITE_P(
    LeftAlone, WrittenOutAttention,
    testing::Values(Way{.name = "other axis", .oddity = "other axis"},
                    Way{.name = "product read", .oddity = "product read"},
                    Way{.name = "unscaled read", .scale = "product", .oddity = "unscaled read"},
                    Way{.name = "softmax read", .oddity = "softmax read"},
                    Way{.name = "late factor", .oddity = "late factor"},
                    Way{.name = "vector", .oddity = "vector"},
                    Way{.name = "one value head", .oddity = "one value head"},
                    Way{.name = "keys' mask", .masks = 0, .oddity = "keys' mask"}));

// In halves, with the softmax in floats, as Transformers computes it.
TEST(FuseAttention, ConvertsAroundTheSoftmaxAreNoObstacle) {
    const auto build = [] {
        Graph graph;
        const auto half = [&](const ov::Shape& shape) {
            return std::make_shared<v0::Convert>(graph.input(shape), ov::element::f16);
        };
        const auto scores = std::make_shared<v0::MatMul>(half({1, 2, 3, 4}), half({1, 2, 3, 4}), false, true);
        const auto sum = std::make_shared<v1::Add>(scores, half({1, 1, 3, 3}));
        const auto softmax =
            std::make_shared<v8::Softmax>(std::make_shared<v0::Convert>(sum, ov::element::f32), 3);
        const auto mixed = std::make_shared<v0::MatMul>(
            std::make_shared<v0::Convert>(softmax, ov::element::f16), half({1, 2, 3, 4}));
        graph.outputs.push_back(std::make_shared<v0::Convert>(mixed, ov::element::f32));
        return graph.model();
    };
    const auto model = build();
    fuse_attention(model);
    EXPECT_EQ(attentions(model), 1U);
    expect_same(model, build());
}

// A choice among rows of weights is the same formula, but its "keys" and
// "values" have no heads.
TEST(FuseAttention, ProductsWithWeightsAreLeftAlone) {
    Graph graph;
    const auto scores =
        std::make_shared<v0::MatMul>(graph.input({1, 3, 4}), graph.input({5, 4}), false, true);
    const auto softmax = std::make_shared<v8::Softmax>(scores, -1);
    graph.outputs.push_back(std::make_shared<v0::MatMul>(softmax, graph.input({5, 4})));
    const auto model = graph.model();
    fuse_attention(model);
    EXPECT_EQ(attentions(model), 0U);
}

TEST(FuseAttention, LayersShareTheSumOfTheirMasks) {
    const auto build = [] {
        Graph graph;
        const auto heads = graph.input({1, 2, 3, 4});
        const auto causal = graph.input({3, 3});
        const auto padding = graph.input({1, 1, 1, 3});
        Value mixed = heads;
        for (int layer = 0; layer < 2; ++layer) {
            Value scores = std::make_shared<v0::MatMul>(mixed, heads, false, true);
            scores = std::make_shared<v1::Add>(std::make_shared<v1::Add>(scores, causal), padding);
            mixed = std::make_shared<v0::MatMul>(std::make_shared<v1::Softmax>(scores, 3), heads);
        }
        graph.outputs.push_back(std::make_shared<v0::Relu>(mixed));
        return graph.model();
    };
    const auto model = build();
    fuse_attention(model);
    EXPECT_EQ(attentions(model), 2U);
    EXPECT_EQ(count(model, "Add"), 1U);
    expect_same(model, build());
}

// Attention of six query heads over two heads of five keys, each copied three
// times in one of many ways.
struct Copies {
    std::string name;
    size_t rows = 4;
    std::string keys = "broadcast";
    std::string values = "broadcast";
    ov::Shape mask{1, 1, 4, 5};
    bool folded = true;
    bool causal = false;
};

std::ostream& operator<<(std::ostream& out, const Copies& copies) {
    return out << copies.name;
}

// [1, 2, 5, size] to [1, 6, 5, size].
Value copied(const Value& heads, const std::string& way) {
    const auto size = static_cast<int64_t>(heads.get_shape()[3]);
    if (way == "in turns") return std::make_shared<v0::Tile>(heads, constant({1, 3, 1, 1}));
    if (way == "together in turns") {
        const auto together = reshape(heads, {1, 1, 1, 10, size});
        return reshape(std::make_shared<v0::Tile>(together, constant({1, 1, 3, 1, 1})), {1, 6, 5, size});
    }
    if (way == "rows apart") {
        const auto apart = reshape(heads, {1, 2, 5, 1, size});
        return reshape(std::make_shared<v0::Tile>(apart, constant({1, 1, 1, 3, 1})), {1, 6, 5, size});
    }
    const Value apart = way == "reshape" ? reshape(heads, {1, 2, 1, 5, size})
                                         : Value(std::make_shared<v0::Unsqueeze>(heads, constant({2})));
    Value copies = std::make_shared<v3::Broadcast>(apart, constant({1, 2, 3, 5, size}));
    if (way == "tile") copies = std::make_shared<v0::Tile>(apart, constant({1, 1, 3, 1, 1}));
    if (way == "concat") copies = std::make_shared<v0::Concat>(ov::OutputVector{apart, apart, apart}, 2);
    if (way == "others") {
        const auto other = std::make_shared<v0::Relu>(apart);
        copies = std::make_shared<v0::Concat>(ov::OutputVector{apart, other, apart}, 2);
    }
    if (way == "computed") {  // not made by an Unsqueeze that could be left out
        const auto positive = std::make_shared<v0::Relu>(apart);
        copies = std::make_shared<v3::Broadcast>(positive, constant({1, 2, 3, 5, size}));
    }
    return reshape(copies, {1, 6, 5, size});
}

std::shared_ptr<ov::Model> grouped(const Copies& copies) {
    Graph graph;
    const auto queries = graph.input({1, 6, copies.rows, 4});
    const auto keys = copied(graph.input({1, 2, 5, 4}), copies.keys);
    const auto values = copied(graph.input({1, 2, 5, 3}), copies.values);
    ov::OutputVector inputs{queries, keys, values};
    if (!copies.mask.empty()) {
        inputs.push_back(graph.input(copies.mask));
        inputs.push_back(v0::Constant::create(ov::element::f32, {}, {0.6F}));
    }
    const auto mixed = std::make_shared<v13::ScaledDotProductAttention>(inputs, copies.causal);
    graph.outputs.push_back(std::make_shared<v0::Relu>(mixed));
    return graph.model();
}

class GroupedQueries : public testing::TestWithParam<Copies> {};

TEST_P(GroupedQueries, ReadTheKeysAndValuesOnce) {
    const auto model = grouped(GetParam());
    queries_into_rows(model);
    model->validate_nodes_and_infer_types();
    ASSERT_EQ(attentions(model), 1U);
    for (const auto& node : model->get_ordered_ops()) {
        if (!ov::is_type<v13::ScaledDotProductAttention>(node)) continue;
        const size_t heads = GetParam().folded ? 2 : 6;
        EXPECT_EQ(node->get_input_shape(1), (ov::Shape{1, heads, 5, 4}));
        EXPECT_EQ(node->get_input_shape(2), (ov::Shape{1, heads, 5, 3}));
    }
    const size_t copiers = count(model, "Broadcast") + count(model, "Tile");
    EXPECT_TRUE(!GetParam().folded || copiers == 0);
    expect_same(model, grouped(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Folded, GroupedQueries,
                         testing::Values(Copies{.name = "broadcast"},
                                         Copies{.name = "tile", .keys = "tile", .values = "tile"},
                                         Copies{.name = "concat", .keys = "concat", .values = "concat"},
                                         Copies{.name = "reshape", .keys = "reshape", .values = "tile"},
                                         Copies{.name = "computed", .keys = "computed"},
                                         Copies{.name = "no mask", .mask = {}},
                                         Copies{.name = "mask of one element", .mask = {1, 1, 1, 1}},
                                         Copies{.name = "one row", .rows = 1, .mask = {1, 1, 1, 5}}));

INSTANTIATE_TEST_SUITE_P(
    LeftAlone, GroupedQueries,
    testing::Values(Copies{.name = "values in turns", .values = "in turns", .folded = false},
                    Copies{
                        .name = "both in turns", .keys = "in turns", .values = "in turns", .folded = false},
                    Copies{.name = "heads together",
                           .keys = "together in turns",
                           .values = "together in turns",
                           .folded = false},
                    Copies{.name = "keys of other rows", .keys = "rows apart", .folded = false},
                    Copies{.name = "other values between", .values = "others", .folded = false},
                    Copies{.name = "mask a head", .mask = {1, 6, 4, 5}, .folded = false},
                    Copies{.name = "mask of keys", .mask = {1, 1, 1, 5}, .folded = false},
                    Copies{.name = "causal", .mask = {}, .folded = false, .causal = true}));

// Each layer's own Slice of the mask cuts nothing off; the last layer has one
// row.
TEST(FoldGroupedQueries, LayersShareTheRepeatedMask) {
    const auto build = [] {
        Graph graph;
        auto mixed = graph.input({1, 6, 5, 4});
        const auto mask = graph.input({1, 1, 5, 5});
        const auto heads = graph.input({1, 2, 5, 4});
        const auto scale = v0::Constant::create(ov::element::f32, {}, {0.6F});
        for (int layer = 0; layer < 3; ++layer) {
            const int64_t rows = layer == 2 ? 1 : 5;
            const auto of_rows = [&](const Value& value) {
                return std::make_shared<v8::Slice>(value, constant({0}), constant({rows}), constant({1}),
                                                   constant({2}));
            };
            mixed = std::make_shared<v13::ScaledDotProductAttention>(
                of_rows(mixed), copied(heads, "broadcast"), copied(heads, "tile"), of_rows(mask), scale,
                false);
        }
        graph.outputs.push_back(std::make_shared<v0::Relu>(mixed));
        return graph.model();
    };
    const auto model = build();
    queries_into_rows(model);
    EXPECT_EQ(attentions(model), 3U);
    EXPECT_EQ(count(model, "Concat"), 2U);
    EXPECT_EQ(count(model, "Broadcast") + count(model, "Tile"), 0U);
    expect_same(model, build());
}

TEST(FoldGroupedQueries, AMaskReadBackwardsStaysSo) {
    const auto build = [] {
        Graph graph;
        const auto queries = graph.input({1, 6, 4, 4});
        const auto keys = copied(graph.input({1, 2, 5, 4}), "broadcast");
        const auto mask = std::make_shared<v8::Slice>(graph.input({1, 1, 4, 5}), constant({-1}),
                                                      constant({-9}), constant({-1}), constant({3}));
        graph.outputs.push_back(
            std::make_shared<v13::ScaledDotProductAttention>(queries, keys, keys, mask, false));
        return graph.model();
    };
    const auto model = build();
    queries_into_rows(model);
    EXPECT_EQ(count(model, "Broadcast"), 0U);
    expect_same(model, build());
}

// What an export with grouped queries and attention written out needs: both
// passes, one after the other.
TEST(FoldGroupedQueries, AfterFusing) {
    const auto build = [] {
        Graph graph;
        const auto queries = graph.input({1, 6, 5, 4});
        const auto keys = copied(graph.input({1, 2, 5, 4}), "broadcast");
        const auto turned = std::make_shared<v1::Transpose>(keys, constant({0, 1, 3, 2}));
        const auto scores = std::make_shared<v1::Add>(std::make_shared<v0::MatMul>(queries, turned),
                                                      graph.input({1, 1, 5, 5}));
        const auto values = copied(graph.input({1, 2, 5, 4}), "broadcast");
        const auto mixed = std::make_shared<v0::MatMul>(std::make_shared<v8::Softmax>(scores, -1), values);
        graph.outputs.push_back(std::make_shared<v0::Relu>(mixed));
        return graph.model();
    };
    const auto model = build();
    fuse_attention(model);
    queries_into_rows(model);
    EXPECT_EQ(attentions(model), 1U);
    EXPECT_EQ(count(model, "Broadcast") + count(model, "Transpose") + count(model, "MatMul"), 0U);
    expect_same(model, build());
}

}  // namespace
}  // namespace ovenbird
