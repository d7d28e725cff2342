#include "run/sampler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <random>

#include "base/error.hpp"
#include "run/softmax.hpp"
#include "run/stop_strings.hpp"

namespace ovenbird {
namespace {

const std::vector<float> kLogits{1.0F, 3.0F, 2.0F, -1.0F, 3.0F, 0.5F};

// The definitions written out over a whole vocabulary, without sorting tricks: token to probability.
std::map<int64_t, double> reference(const SamplingOptions& options, const std::vector<float>& logits,
                                    const std::map<int64_t, int64_t>& generated,
                                    const std::vector<int64_t>& prompt) {
    std::vector<double> values(logits.begin(), logits.end());
    for (size_t i = 0; i < values.size(); ++i) {
        const auto token = static_cast<int64_t>(i);
        const auto count = generated.contains(token) ? generated.at(token) : 0;
        if (count > 0 || std::find(prompt.begin(), prompt.end(), token) != prompt.end())
            values[i] = values[i] > 0 ? values[i] / options.repetition_penalty
                                      : values[i] * options.repetition_penalty;
        values[i] -= (count > 0 ? options.presence_penalty : 0) +
                     static_cast<double>(count) * options.frequency_penalty;
        if (options.logit_bias.contains(token)) values[i] += options.logit_bias.at(token);
        values[i] /= options.temperature;
    }
    const auto rank = [&](size_t i) {
        int64_t above = 0;
        for (size_t j = 0; j < values.size(); ++j)
            above += values[j] > values[i] || (values[j] == values[i] && j < i);
        return above;
    };
    std::vector<double> probability(values.size(), 0.0);
    double sum = 0;
    for (size_t i = 0; i < values.size(); ++i) {
        if (options.top_k > 0 && rank(i) >= options.top_k) continue;
        sum += probability[i] = std::exp(values[i]);
    }
    for (auto& each : probability)
        each /= sum;
    const auto filter = [&](const std::function<bool(size_t)>& keep) {
        auto kept = probability;
        double total = 0;
        for (size_t i = 0; i < kept.size(); ++i) {
            if (!keep(i)) kept[i] = 0;
            total += kept[i];
        }
        for (auto& each : kept)
            each /= total;
        probability = kept;
    };
    const double best = *std::max_element(probability.begin(), probability.end());
    filter([&](size_t i) { return probability[i] >= options.min_p * best; });
    filter([&](size_t i) {
        double before = 0;
        for (size_t j = 0; j < probability.size(); ++j) {
            if (rank(j) < rank(i)) before += probability[j];
        }
        return options.top_p >= 1 || before < options.top_p;
    });
    std::map<int64_t, double> result;
    for (size_t i = 0; i < probability.size(); ++i) {
        if (probability[i] > 0) result[static_cast<int64_t>(i)] = probability[i];
    }
    return result;
}

void expect_like_reference(const SamplingOptions& options) {
    const std::vector<int64_t> prompt{2, 5};
    Sampler sampler(options, prompt);
    std::map<int64_t, int64_t> generated;
    for (int step = 0; step < 8; ++step) {
        const auto expected = reference(options, kLogits, generated, prompt);
        const auto got = sampler.candidates(kLogits);
        ASSERT_EQ(got.size(), expected.size()) << step;
        for (size_t i = 0; i < got.size(); ++i) {
            EXPECT_NEAR(got[i].probability, expected.at(got[i].token), 3e-7) << step;
            if (i > 0) {
                EXPECT_LE(got[i].probability, got[i - 1].probability + 1e-9);
            }
        }
        const auto token = sampler.choose(kLogits);
        EXPECT_TRUE(expected.contains(token));
        ++generated[token];
    }
}

TEST(Sampler, EveryOptionLikeItsDefinition) {
    const SamplingOptions plain{.temperature = 0.8, .seed = 3};
    expect_like_reference(plain);
    auto options = plain;
    options.top_k = 3;
    expect_like_reference(options);
    options = plain;
    options.top_p = 0.7;
    expect_like_reference(options);
    options = plain;
    options.min_p = 0.3;
    expect_like_reference(options);
    options = plain;
    options.repetition_penalty = 1.7;
    expect_like_reference(options);
    options = plain;
    options.presence_penalty = 0.6;
    options.frequency_penalty = 0.9;
    expect_like_reference(options);
    options = plain;
    options.logit_bias = {{3, 5.0}, {1, -100.0}};
    expect_like_reference(options);
    expect_like_reference({.temperature = 1.3,
                           .top_k = 5,
                           .top_p = 0.9,
                           .min_p = 0.05,
                           .repetition_penalty = 1.1,
                           .presence_penalty = 0.1,
                           .frequency_penalty = 0.2,
                           .logit_bias = {{0, 1.5}},
                           .seed = 9});
}

TEST(Sampler, GreedyIsTheLowestOfTheLargestAndObeysPenalties) {
    Sampler greedy({}, {});
    EXPECT_EQ(greedy.choose(kLogits), 1);
    EXPECT_EQ(greedy.choose(kLogits), 1);
    Sampler penalised({.frequency_penalty = 0.4}, {});
    EXPECT_EQ(penalised.choose(kLogits), 1);
    EXPECT_EQ(penalised.choose(kLogits), 4);
    EXPECT_EQ(penalised.choose(kLogits), 1);
}

TEST(Sampler, MaskedTokensAreAsIfTheyWereNotThere) {
    const std::vector<uint32_t> mask{0b101101};  // without the two largest, 1 and 4: ids 0, 2, 3 and 5
    const std::vector<size_t> left{0, 2, 3, 5};
    std::vector<float> rest;
    rest.reserve(left.size());
    for (const size_t id : left)
        rest.push_back(kLogits[id]);
    const SamplingOptions drawn{
        .temperature = 0.9, .top_k = 3, .top_p = 0.9, .frequency_penalty = 0.8, .seed = 3};
    for (const auto& options : {SamplingOptions{}, SamplingOptions{.presence_penalty = 2}, drawn}) {
        Sampler masked(options, {});
        Sampler short_one(options, {});
        for (int step = 0; step < 9; ++step) {
            const auto expected = short_one.choose(rest);
            const auto got = masked.choose(kLogits, mask);
            EXPECT_EQ(got, static_cast<int64_t>(left[static_cast<size_t>(expected)])) << step;
        }
    }
}

TEST(Sampler, MasksOfOneOfNoneAndTooShort) {
    const float infinity = std::numeric_limits<float>::infinity();
    for (const double temperature : {0.0, 1.0}) {
        Sampler sampler({.temperature = temperature, .logit_bias = {{1, 50.0}}, .seed = 1}, {});
        EXPECT_EQ(sampler.choose(kLogits, std::vector<uint32_t>{1U << 3}), 3);
        EXPECT_EQ(sampler.choose(std::vector<float>{1, 2, -infinity}, std::vector<uint32_t>{4}), 2);
        const std::vector<float> long_row(70, 1.0F);
        EXPECT_EQ(sampler.choose(long_row, std::vector<uint32_t>{0, 0, 1}), 64);
        EXPECT_LT(sampler.choose(long_row, std::vector<uint32_t>{0x30}), 32);
        EXPECT_THROW(sampler.choose(kLogits, std::vector<uint32_t>{0}), Error);
        EXPECT_THROW(sampler.choose(std::vector<float>{1, std::nanf("")}, std::vector<uint32_t>{1}), Error);
    }
}

TEST(Sampler, SeedsRepeatAndShareOutAsTheProbabilitiesSay) {
    const auto draw = [](uint64_t seed, int count) {
        Sampler sampler({.temperature = 1.0, .seed = seed}, {});
        std::vector<int64_t> tokens;
        tokens.reserve(static_cast<size_t>(count));
        for (int i = 0; i < count; ++i)
            tokens.push_back(sampler.choose(kLogits));
        return tokens;
    };
    EXPECT_EQ(draw(5, 200), draw(5, 200));
    EXPECT_NE(draw(5, 200), draw(6, 200));
    const auto many = draw(7, 20000);
    Sampler sampler({.temperature = 1.0, .seed = 1}, {});
    for (const auto& candidate : sampler.candidates(kLogits)) {
        const auto count = static_cast<double>(std::count(many.begin(), many.end(), candidate.token));
        const double deviation = std::sqrt(20000 * candidate.probability * (1 - candidate.probability));
        EXPECT_NEAR(count, 20000 * candidate.probability, 5 * deviation) << candidate.token;
    }
    // Another machine's library must draw the same: the generator is the standard's, the rest is ours.
    EXPECT_EQ(draw(42, 6), (std::vector<int64_t>{4, 4, 4, 1, 2, 1}));
}

TEST(Sampler, InfinitiesAndNonsense) {
    const float infinity = std::numeric_limits<float>::infinity();
    Sampler sampler({.temperature = 1.0, .seed = 1}, {});
    EXPECT_EQ(sampler.choose(std::vector<float>{-infinity, 1.0F, -infinity}), 1);
    EXPECT_EQ(sampler.choose(std::vector<float>{0.0F, infinity, 1.0F}), 1);
    EXPECT_EQ(sampler.candidates(std::vector<float>{-infinity, -infinity}).size(), 2U);
    EXPECT_THROW(sampler.choose(std::vector<float>{1.0F, std::nanf("")}), Error);
    EXPECT_THROW(sampler.choose(std::vector<float>{}), Error);
    EXPECT_THROW(Sampler({.temperature = -1}, {}), Error);
    EXPECT_THROW(Sampler({.top_p = 1.5}, {}), Error);
    EXPECT_THROW(Sampler({.repetition_penalty = std::nan("")}, {}), Error);
    for (const double bias : {std::nan(""), static_cast<double>(infinity), -static_cast<double>(infinity)})
        EXPECT_THROW(Sampler({.logit_bias = {{1, bias}}}, {}), Error);
    EXPECT_THROW(Sampler({.logit_bias = {{-1, 1.0}}}, {}), Error);
}

// The plain way: everything sorted, then walked from the likeliest on.
std::vector<int64_t> sorted_draws(const SamplingOptions& options, const std::vector<float>& logits,
                                  int count) {
    std::vector<size_t> order(logits.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return logits[a] > logits[b]; });
    std::vector<double> weights;
    for (const size_t id : order) {
        if (options.top_k > 0 && weights.size() == static_cast<size_t>(options.top_k)) break;
        const double apart = static_cast<double>(logits[id]) - static_cast<double>(logits[order[0]]);
        const double weight = std::exp(apart / options.temperature);
        if (weight >= options.min_p) weights.push_back(weight);
    }
    double mass = std::accumulate(weights.begin(), weights.end(), 0.0);
    double share = 0;
    size_t kept = 0;
    while (kept < weights.size() && (kept == 0 || share < options.top_p * mass))
        share += weights[kept++];
    std::mt19937_64 random(*options.seed);
    std::vector<int64_t> tokens;
    for (int i = 0; i < count; ++i) {
        double rest = kept == 1 ? 0 : static_cast<double>(random() >> 11U) * 0x1.0p-53 * share;
        size_t chosen = 0;
        while (chosen + 1 < kept && rest >= weights[chosen])
            rest -= weights[chosen++];
        tokens.push_back(static_cast<int64_t>(order[chosen]));
    }
    return tokens;
}

TEST(Sampler, DrawsFromALargeVocabularyAsIfAllOfItWereSorted) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal(0, 2.5F);
    std::vector<float> drawn(20'000);
    for (auto& logit : drawn)
        logit = normal(random);
    auto coarse = drawn;  // with many equals
    for (auto& logit : coarse)
        logit = std::round(logit * 2) / 2;
    auto far = drawn;
    far[7] = -1e30F;
    far[8] = -std::numeric_limits<float>::infinity();
    for (const auto& logits : {drawn, coarse, far, std::vector<float>(20'000, 1.5F)}) {
        for (const SamplingOptions& options :
             {SamplingOptions{.temperature = 1, .seed = 2}, SamplingOptions{.temperature = 100, .seed = 3},
              SamplingOptions{.temperature = 0.01, .seed = 4},
              SamplingOptions{.temperature = 0.8, .top_k = 40, .seed = 5},
              SamplingOptions{.temperature = 1, .top_p = 0.9, .seed = 6},
              SamplingOptions{.temperature = 2, .min_p = 0.01, .seed = 7},
              SamplingOptions{.temperature = 1.3, .top_k = 9000, .top_p = 0.9, .min_p = 1e-4, .seed = 8}}) {
            Sampler sampler(options, {});
            std::vector<int64_t> got;
            for (int i = 0; i < 40; ++i)
                got.push_back(sampler.choose(logits));
            const auto expected = sorted_draws(options, logits, 40);
            int same = 0;
            for (size_t i = 0; i < got.size(); ++i)
                same += got[i] == expected[i] ? 1 : 0;
            // Weights are floats: of nearly equal neighbours now and then the other one is drawn.
            EXPECT_GE(same, 38) << options.temperature << " " << options.top_k;
        }
    }
}

TEST(Softmax, LikeTheDefinition) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal(3, 4);
    std::vector<float> logits(5003);
    for (auto& logit : logits)
        logit = normal(random);
    logits[17] = -std::numeric_limits<float>::infinity();
    double sum = 0;
    for (const float logit : logits)
        sum += std::exp(static_cast<double>(logit));
    EXPECT_NEAR(log_sum_exp(logits), std::log(sum), 1e-6);
    EXPECT_NEAR(log_sum_exp(std::vector<float>{-1e30F}), -1e30, 1e24);
    const auto best = likeliest(logits, 20);
    ASSERT_EQ(best.size(), 20U);
    EXPECT_EQ(best[0], argmax(logits));
    EXPECT_EQ(likeliest(std::vector<float>{1, 3, 3, 2}, 3), (std::vector<int64_t>{1, 2, 3}));
    EXPECT_EQ(likeliest(std::vector<float>{1, 3}, 3), (std::vector<int64_t>{1, 0}));
    EXPECT_EQ(log_probability(INFINITY, log_sum_exp(std::vector<float>{1, INFINITY})), 0.0);
}

std::string through(const std::vector<std::string>& stops, const std::vector<std::string>& pieces,
                    bool& met) {
    StopStrings filter(stops);
    std::string text;
    for (const auto& piece : pieces)
        text += filter.push(piece);
    text += filter.finish();
    met = filter.met();
    return text;
}

TEST(StopStrings, FoundAcrossPieces) {
    bool met = false;
    EXPECT_EQ(through({"###"}, {"one #", "#", "two ##", "# three"}, met), "one ##two ");
    EXPECT_TRUE(met);
    EXPECT_EQ(through({"end", "the end"}, {"this is th", "e e", "nd."}, met), "this is ");
    EXPECT_TRUE(met);
    EXPECT_EQ(through({"abab"}, {"aba", "ba", "b"}, met), "");
    EXPECT_TRUE(met);
    EXPECT_EQ(through({"stop", ""}, {"sto", "ck st", "o"}, met), "stock sto");
    EXPECT_FALSE(met);
}

TEST(StopStrings, HoldsBackNoMoreThanItMust) {
    StopStrings filter({"\n\nUser:"});
    EXPECT_EQ(filter.push("Hello\n"), "Hello");
    EXPECT_EQ(filter.push("you"), "\nyou");
    EXPECT_EQ(filter.push("\n\nUs"), "");
    EXPECT_EQ(filter.push("e it"), "\n\nUse it");
}

}  // namespace
}  // namespace ovenbird
