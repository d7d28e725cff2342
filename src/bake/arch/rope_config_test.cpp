#include "bake/arch/rope_config.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr RopeSurroundings kAround{.default_theta = 10000.0, .head_size = 8, .max_positions = 64};

RopeConfig rope_of(const Json& config) {
    return read_rope(JsonObject(config, "config.json"), kAround);
}

std::string refusal(const Json& config) {
    try {
        rope_of(config);
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

#define EXPECT_REFUSED(config, word) \
    EXPECT_NE(refusal(config).find(word), std::string::npos) << word << " is not in: " << refusal(config)

Json scaled(Json scaling) {
    return Json{{"rope_theta", 500.0}, {"rope_scaling", std::move(scaling)}};
}

const Json kYarn{{"rope_type", "yarn"}, {"factor", 4.0}, {"original_max_position_embeddings", 16}};
const Json kLongrope{{"type", "longrope"},
                     {"original_max_position_embeddings", 16},
                     {"short_factor", {1, 1, 1, 2}},
                     {"long_factor", {1, 2, 3, 4}}};

Json with(Json scaling, const char* key, Json value) {
    scaling[key] = std::move(value);
    return scaled(std::move(scaling));
}

TEST(ReadRope, DefaultAndNothing) {
    EXPECT_EQ(rope_of(Json::object()).theta, 10000.0);
    EXPECT_EQ(rope_of(scaled(nullptr)).theta, 500.0);
    EXPECT_EQ(rope_of(scaled(Json::object())).scaling, RopeConfig::Scaling::none);
    EXPECT_EQ(rope_of(scaled({{"rope_type", "default"}})).scaling, RopeConfig::Scaling::none);
    EXPECT_EQ(rope_of(scaled({{"rope_theta", 7.0}})).theta, 7.0) << "inside comes before outside";
}

TEST(ReadRope, YarnInEachSpelling) {
    Json parameters = kYarn;
    parameters["rope_theta"] = 500.0;
    Json old = kYarn;
    old["type"] = "yarn";
    old.erase("rope_type");
    const RopeConfig expected = rope_of(scaled(kYarn));
    EXPECT_EQ(expected.scaling, RopeConfig::Scaling::yarn);
    EXPECT_EQ(expected.original_context, 16);
    EXPECT_DOUBLE_EQ(expected.attention_factor, 0.1 * std::log(4.0) + 1);
    EXPECT_EQ(rope_of(Json{{"rope_parameters", parameters}}), expected);
    EXPECT_EQ(rope_of(scaled(old)), expected);
    Json outside = scaled({{"rope_type", "yarn"}, {"factor", 4.0}});
    outside["original_max_position_embeddings"] = 16;
    EXPECT_EQ(rope_of(outside), expected);
    // Without a factor it is what the context has grown by: 64 / 16.
    EXPECT_EQ(rope_of(scaled({{"rope_type", "yarn"}, {"original_max_position_embeddings", 16}})), expected);
    EXPECT_EQ(rope_of(scaled({{"rope_type", "yarn"}, {"factor", 4.0}})).original_context, 64);
}

TEST(ReadRope, YarnsOwnNumbers) {
    EXPECT_DOUBLE_EQ(rope_of(with(kYarn, "attention_factor", 0.5)).attention_factor, 0.5);
    Json scaling = kYarn;
    scaling["mscale"] = 0.7;
    EXPECT_DOUBLE_EQ(rope_of(scaled(scaling)).attention_factor, 0.1 * std::log(4.0) + 1) << "both or none";
    scaling["mscale_all_dim"] = 1.0;
    EXPECT_DOUBLE_EQ(rope_of(scaled(scaling)).attention_factor,
                     (0.07 * std::log(4.0) + 1) / (0.1 * std::log(4.0) + 1));
    EXPECT_FALSE(rope_of(with(kYarn, "truncate", false)).truncate);
    EXPECT_EQ(rope_of(with(kYarn, "beta_fast", 8)).beta_fast, 8);
    EXPECT_REFUSED(with(kYarn, "beta_fast", 0.5), "beta_slow <= beta_fast");
    EXPECT_REFUSED(with(kYarn, "attention_factor", 0), "attention_factor is 0");
    EXPECT_REFUSED(with(kYarn, "factor", -4), "factor is -4");
    EXPECT_REFUSED(with(kYarn, "original_max_position_embeddings", 0),
                   "original_max_position_embeddings is 0");
}

TEST(ReadRope, DynamicKnowsTheTrainedPositionsOnly) {
    auto rope = rope_of(with({{"type", "dynamic"}, {"factor", 2.0}}, "original_max_position_embeddings", 16));
    EXPECT_EQ(rope.original_context, 64);
    rope.sequence = 64;
    EXPECT_NE(rope_note(rope).find("unscaled table is right"), std::string::npos) << rope_note(rope);
    rope.sequence = 65;
    EXPECT_NE(rope_note(rope).find("the one for 65 tokens"), std::string::npos) << rope_note(rope);
    EXPECT_REFUSED(scaled({{"type", "dynamic"}}), "factor");
    EXPECT_REFUSED(scaled({{"type", "dynamic"}, {"factor", 0.5}}), "factor is 0.5");
}

TEST(ReadRope, Longrope) {
    auto rope = rope_of(scaled(kLongrope));
    EXPECT_EQ(rope.short_factors, (std::vector<double>{1, 1, 1, 2}));
    EXPECT_DOUBLE_EQ(rope.attention_factor, std::sqrt(1 + std::log(4.0) / std::log(16.0)));
    EXPECT_DOUBLE_EQ(rope_of(with(kLongrope, "factor", 16)).attention_factor, std::sqrt(2.0));
    EXPECT_DOUBLE_EQ(rope_of(with(kLongrope, "factor", 1)).attention_factor, 1);
    rope.sequence = 16;
    EXPECT_FALSE(rope.is_long());
    EXPECT_NE(rope_note(rope).find("the short factors"), std::string::npos) << rope_note(rope);
    rope.sequence = 17;
    EXPECT_TRUE(rope.is_long());
    EXPECT_NE(rope_note(rope).find("the long factors"), std::string::npos) << rope_note(rope);
    EXPECT_REFUSED(with(kLongrope, "long_factor", {1, 2}), "long_factor lists 2 numbers, expected 4");
    EXPECT_REFUSED(with(kLongrope, "short_factor", {1, 2, 0, 1}), "short_factor holds 0");
    EXPECT_REFUSED(scaled({{"type", "longrope"}}), "short_factor");
}

TEST(ReadRope, APartOfEachHead) {
    RopeSurroundings around = kAround;
    around.partial = true;
    const auto turned = [&](const Json& config) {
        return read_rope(JsonObject(config, "config.json"), around).turned_of(8);
    };
    EXPECT_EQ(turned(Json::object()), 8);
    EXPECT_EQ(turned({{"partial_rotary_factor", 1.0}}), 8);
    EXPECT_EQ(turned({{"partial_rotary_factor", 0.75}}), 6);
    Json scaling{{"rope_type", "default"}, {"partial_rotary_factor", 0.25}};
    EXPECT_EQ(turned({{"rope_parameters", scaling}}), 2);
    EXPECT_EQ(turned({{"rope_parameters", scaling}, {"partial_rotary_factor", 0.5}}), 2)
        << "inside comes before outside";
    for (const double part : {0.0, -1.0, 1.5, 0.1, 0.4})
        EXPECT_THROW(turned({{"partial_rotary_factor", part}}), Error) << part;
    scaling = {{"type", "longrope"}, {"short_factor", {1, 2, 3}}, {"long_factor", {1, 2, 3}}};
    EXPECT_EQ(turned({{"rope_scaling", scaling}, {"partial_rotary_factor", 0.75}}), 6);
}

TEST(ReadRope, WhatIsNotKnownIsRefusedByName) {
    EXPECT_REFUSED(with(kYarn, "alpha", 1000.0), "'alpha' (1000.0)");
    EXPECT_REFUSED(with(kYarn, "attn_factor", 2.0), "'attn_factor'");
    EXPECT_REFUSED(scaled({{"full_attention", kYarn}}), "'full_attention'");
    EXPECT_REFUSED(with(kYarn, "partial_rotary_factor", 0.5), "partial_rotary_factor is 0.5");
    EXPECT_REFUSED((Json{{"partial_rotary_factor", 0.25}}), "partial_rotary_factor is 0.25");
    EXPECT_REFUSED(scaled({{"rope_type", "spiral"}, {"factor", 2.0}}), "'spiral' is not known");
    // What says the same as if it were not there.
    for (const char* key : {"attn_factor", "extrapolation_factor", "partial_rotary_factor"})
        EXPECT_EQ(rope_of(with(kYarn, key, 1)), rope_of(scaled(kYarn))) << key;
    EXPECT_EQ(rope_of(with(kYarn, "finetuned", true)), rope_of(scaled(kYarn)));
}

TEST(ReadRope, TwoScalingsMustAgree) {
    Json both = scaled(kYarn);
    both["rope_parameters"] = kYarn;
    EXPECT_EQ(rope_of(both), rope_of(scaled(kYarn)));
    both["rope_parameters"]["factor"] = 2.0;
    EXPECT_REFUSED(both, "say different things");
}

}  // namespace
}  // namespace ovenbird
