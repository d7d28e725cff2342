// Rope scalings as transformers computes them: testdata/ropes.json, made by testdata/make_ropes.py.

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "bake/arch/architecture.hpp"
#include "bake/graph/layers.hpp"

namespace ovenbird {
namespace {

// transformers computes in f32.
constexpr double kRelative = 4e-6;

TEST(RopeGoldens, FrequenciesAndAttentionFactorAreTransformers) {
    const Json cases = read_json(std::filesystem::path(OVENBIRD_TESTDATA) / "ropes.json");
    std::set<RopeConfig::Scaling> seen;
    for (const auto& [name, golden] : cases.items()) {
        SCOPED_TRACE(name);
        ModelConfig model = read_model_config(golden.at("config"), name);
        model.rope.sequence = golden.at("sequence").get<int64_t>();
        seen.insert(model.rope.scaling);
        const auto frequencies = inverse_frequencies(model.rope, model.head_size, nullptr);
        const auto expected = golden.at("inverse_frequencies").get<std::vector<double>>();
        ASSERT_EQ(frequencies.size(), expected.size());
        for (size_t i = 0; i < expected.size(); ++i)
            EXPECT_NEAR(frequencies[i], expected[i], kRelative * expected[i]) << "pair " << i;
        EXPECT_NEAR(model.rope.attention_factor, golden.at("attention_factor").get<double>(), 1e-6);
    }
    EXPECT_EQ(seen.size(), 6U) << "none, linear, dynamic, yarn, longrope, llama3";
}

}  // namespace
}  // namespace ovenbird
