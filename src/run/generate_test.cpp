#include "run/generate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "base/test_folder.hpp"
#include "run/prompt.hpp"
#include "run/prompt_lookup.hpp"
#include "run/sampler.hpp"

namespace ovenbird {
namespace {

// Answers with a fixed script of tokens, whatever it is asked, and remembers what it was asked.
class ScriptedEngine : public Engine {
public:
    ScriptedEngine(int64_t window, std::vector<int64_t> script) : script_(std::move(script)) {
        describe({.window_tokens = window, .vocab_size = 8, .device = "SCRIPT"});
    }
    Progress compute(const Request& request) override {
        asked.emplace_back(request.ids.begin(), request.ids.end());
        logits_.assign(8, 0.0F);
        logits_[static_cast<size_t>(script_[asked.size() - 1])] = 1.0F;
        return {0, static_cast<int64_t>(request.ids.size()), 0, logits_};
    }
    std::vector<std::vector<int64_t>> asked;

private:
    std::vector<int64_t> script_;
    std::vector<float> logits_;
};

bool go_on(int64_t) {
    return true;
}

TEST(Generate, FeedsBackEachTokenAndStopsAtAnyEos) {
    ScriptedEngine engine(16, {4, 5, 7});
    const auto generation = generate(engine, {1, 2}, {.max_new_tokens = 10, .eos_ids = {6, 7}}, go_on);
    EXPECT_EQ(generation.tokens, (std::vector<int64_t>{4, 5}));
    EXPECT_EQ(generation.reason, FinishReason::stop);
    EXPECT_EQ(generation.steps, 3);
    EXPECT_EQ(engine.asked, (std::vector<std::vector<int64_t>>{{1, 2}, {1, 2, 4}, {1, 2, 4, 5}}));
}

TEST(Generate, GoesOnBehindWhatWasGeneratedBefore) {
    ScriptedEngine engine(16, {5, 7});
    std::vector<int64_t> heard;
    std::vector<int64_t> fresh;
    GenerateOptions options{.max_new_tokens = 10, .eos_ids = {7}};
    options.resumed = {3, 4};
    options.on_new_token = [&](const NewToken& token) { fresh.push_back(token.id); };
    const auto generation = generate(engine, {1, 2}, options, [&](int64_t token) {
        heard.push_back(token);
        return true;
    });
    EXPECT_EQ(generation.tokens, (std::vector<int64_t>{3, 4, 5}));
    EXPECT_EQ(heard, generation.tokens);
    EXPECT_EQ(fresh, (std::vector<int64_t>{5}));
    EXPECT_TRUE(std::isnan(generation.log_probabilities.at(1)));
    EXPECT_FALSE(std::isnan(generation.log_probabilities.at(2)));
    EXPECT_EQ(engine.asked, (std::vector<std::vector<int64_t>>{{1, 2, 3, 4}, {1, 2, 3, 4, 5}}));
    // All that it may say is said already, or whoever hears it stops.
    options.max_new_tokens = 2;
    ScriptedEngine unasked(16, {});
    EXPECT_EQ(generate(unasked, {1, 2}, options, go_on).reason, FinishReason::length);
    EXPECT_EQ(generate(unasked, {1, 2}, options, [](int64_t) { return false; }).tokens.size(), 1U);
    EXPECT_TRUE(unasked.asked.empty());
    options.resumed = {99};
    error_of(ErrorCode::invalid_input, [&] { generate(unasked, {1, 2}, options, go_on); });
}

// Says the same of every sequence of one length.
class FlatEngine : public Engine {
public:
    FlatEngine() { describe({.window_tokens = 64, .vocab_size = 50, .device = "FLAT"}); }
    Progress compute(const Request& request) override {
        for (size_t i = 0; i < logits_.size(); ++i)
            logits_[i] = std::sin(static_cast<float>(i * request.ids.size()));
        return {0, static_cast<int64_t>(request.ids.size()), 0, logits_};
    }

private:
    std::vector<float> logits_ = std::vector<float>(50);
};

TEST(Generate, DrawsTheSameWhereverItGoesOn) {
    GenerateOptions options{.max_new_tokens = 30};
    options.sampling = {
        .temperature = 1.5, .top_k = 20, .top_p = 0.9, .repetition_penalty = 1.3, .frequency_penalty = 0.5};
    options.sampling.seed = 11;
    FlatEngine engine;
    const auto whole = generate(engine, {1, 2}, options, go_on).tokens;
    for (const size_t cut : {1U, 7U, 29U}) {
        options.resumed.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(cut));
        EXPECT_EQ(generate(engine, {1, 2}, options, go_on).tokens, whole) << cut;
    }
}

TEST(Generate, FullWindowEndsWithLength) {
    ScriptedEngine engine(4, {3, 3, 3, 3, 3});
    const auto generation = generate(engine, {1, 2}, {.max_new_tokens = 100, .eos_ids = {}}, go_on);
    // Windows of 2, 3 and 4 tokens can each be asked for the next one.
    EXPECT_EQ(generation.tokens.size(), 3U);
    EXPECT_EQ(generation.reason, FinishReason::length);
    for (const auto& ids : engine.asked)
        EXPECT_LE(ids.size(), 4U);
}

TEST(Generate, PromptThatFillsTheWindowStillGetsOneToken) {
    ScriptedEngine engine(2, {3, 3});
    EXPECT_EQ(generate(engine, {1, 2}, {.max_new_tokens = 5, .eos_ids = {}}, go_on).tokens.size(), 1U);
}

TEST(Generate, MaxNewTokensIsKept) {
    ScriptedEngine engine(16, {3, 3, 3, 3});
    const auto generation = generate(engine, {1}, {.max_new_tokens = 2, .eos_ids = {}}, go_on);
    EXPECT_EQ(generation.tokens.size(), 2U);
    EXPECT_EQ(engine.asked.size(), 2U);
    for (const int64_t impossible : {0, -3}) {
        error_of(ErrorCode::usage,
                 [&] { generate(engine, {1}, {.max_new_tokens = impossible, .eos_ids = {}}, go_on); });
    }
}

TEST(Generate, LogProbabilitiesAreTheModelsOwn) {
    const double best = 1 - std::log(std::exp(1.0) + 7);
    const double other = best - 1;
    ScriptedEngine engine(16, {3, 4, 5});
    const GenerateOptions options{
        .max_new_tokens = 3,
        .sampling = {.temperature = 0.5, .top_k = 2, .logit_bias = {{6, 50}}, .seed = 1},
        .top_log_probabilities = 2};
    const auto generation = generate(engine, {1}, options, go_on);
    EXPECT_EQ(generation.tokens, (std::vector<int64_t>{6, 6, 6}));
    ASSERT_EQ(generation.top_log_probabilities.size(), 3U);
    for (size_t i = 0; i < 3; ++i) {
        EXPECT_NEAR(generation.log_probabilities[i], other, 1e-6);
        const auto& top = generation.top_log_probabilities[i];
        ASSERT_EQ(top.size(), 2U);
        EXPECT_EQ(top[0].token, static_cast<int64_t>(3 + i));
        EXPECT_NEAR(top[0].log_probability, best, 1e-6);
        EXPECT_EQ(top[1].token, 0);
        EXPECT_NEAR(top[1].log_probability, other, 1e-6);
    }
    // Greedy tokens are not certain either, and a mask does not make them so.
    ScriptedEngine another(16, {3, 4, 5});
    const auto greedy = generate(another, {1}, {.max_new_tokens = 1}, go_on);
    EXPECT_NEAR(greedy.log_probabilities.at(0), best, 1e-6);
    EXPECT_TRUE(greedy.top_log_probabilities.empty());
    for (const int64_t impossible : {-1, 21}) {
        error_of(ErrorCode::usage,
                 [&] { generate(engine, {1}, {.top_log_probabilities = impossible}, go_on); });
    }
}

TEST(Generate, CallerCanStop) {
    ScriptedEngine engine(16, {3, 4, 5});
    const auto generation =
        generate(engine, {1}, {.max_new_tokens = 9, .eos_ids = {}}, [](int64_t token) { return token != 4; });
    EXPECT_EQ(generation.tokens, (std::vector<int64_t>{3, 4}));
    EXPECT_EQ(generation.reason, FinishReason::interrupted);
}

TEST(Generate, StopsBeforeTheFirstTokenToo) {
    for (int allowed = 0; allowed < 4; ++allowed) {
        ScriptedEngine engine(16, {3, 4, 5, 3});
        int asked = 0;
        const GenerateOptions options{.stop_asked = [&] { return asked++ == allowed; }};
        const auto generation = generate(engine, {1, 2}, options, go_on);
        EXPECT_EQ(static_cast<int>(engine.asked.size()), allowed);
        EXPECT_EQ(static_cast<int>(generation.tokens.size()), allowed);
        EXPECT_EQ(generation.reason, FinishReason::interrupted);
    }
}

TEST(Generate, IdsOutsideTheVocabularyNeverReachTheEngine) {
    for (const int64_t id : {int64_t{8}, int64_t{-1}, std::numeric_limits<int64_t>::max()}) {
        ScriptedEngine engine(16, {3});
        error_of(ErrorCode::invalid_input, [&] { generate(engine, {1, id}, {}, go_on); });
        EXPECT_TRUE(engine.asked.empty());
    }
}

// Says what the last two tokens lead to, for as many rows as it is asked for.
class TwoTokenEngine : public Engine {
public:
    explicit TwoTokenEngine(int64_t rows) {
        describe({.window_tokens = 60, .vocab_size = 8, .most_rows = rows, .device = "SCRIPT"});
    }
    Progress compute(const Request& request) override {
        const auto [ids, kept, rows, stop] = request;
        logits_.assign(static_cast<size_t>(8 * rows), 0.0F);
        for (int64_t row = 0; row < rows; ++row) {
            const auto end = ids.size() - static_cast<size_t>(rows - 1 - row);
            const int64_t before = end > 1 ? ids[end - 2] : 0;
            // A cycle of seven with a stumble now and then, so that some drafts are right and some are not.
            const int64_t next = (ids[end - 1] + 1 + (before == 5 && end % 4 == 0 ? 2 : 0)) % 7;
            logits_[static_cast<size_t>(8 * row + next)] = 1.0F;
        }
        return {0, static_cast<int64_t>(ids.size()), 0, logits_};
    }

private:
    std::vector<float> logits_;
};

TEST(PromptLookup, SameTokensInFewerSteps) {
    TwoTokenEngine plain(1);
    TwoTokenEngine several(8);
    for (const double temperature : {0.0, 0.7}) {
        for (const int64_t most : {1, 9, 50, 200}) {
            GenerateOptions options{.max_new_tokens = most, .eos_ids = {}};
            options.sampling = {.temperature = temperature, .seed = 4};
            const auto expected = generate(plain, {1, 2, 3}, options, go_on);
            options.draft_tokens = 7;
            const auto got = generate(several, {1, 2, 3}, options, go_on);
            EXPECT_EQ(got.tokens, expected.tokens);
            EXPECT_EQ(got.reason, expected.reason);
            if (most >= 50 && temperature == 0) {
                EXPECT_LT(2 * got.steps, expected.steps);
                EXPECT_GT(got.drafted, got.accepted);
                EXPECT_GT(got.accepted, 0);
            }
        }
    }
}

// Never 3; 7 (the EOS) only behind a 5; complete after so many tokens. Remembers what it was told.
class ScriptedMask : public TokenMask {
public:
    explicit ScriptedMask(size_t most) : most_(most) {}
    void allowed(std::span<uint32_t> mask) override {
        ASSERT_EQ(mask.size(), 1U);
        mask[0] = 0b01110111U | (!taken.empty() && taken.back() == 5 ? 0x80U : 0U);
    }
    void take(int64_t token) override { taken.push_back(token); }
    bool complete() const override { return taken.size() >= most_; }
    std::vector<int64_t> taken;

private:
    size_t most_;
};

TEST(Mask, SaysWhatComesAndWhenItEnds) {
    ScriptedEngine engine(32, {3, 7, 5, 7});
    ScriptedMask mask(100);
    const auto stopped = generate(engine, {1}, {.max_new_tokens = 9, .eos_ids = {7}, .mask = &mask}, go_on);
    // Where the script says 3, and 7 too early, the lowest of the equal rest.
    EXPECT_EQ(stopped.tokens, (std::vector<int64_t>{0, 0, 5}));
    EXPECT_EQ(stopped.reason, FinishReason::stop);
    EXPECT_EQ(mask.taken, stopped.tokens);

    const std::vector<int64_t> script{4, 5, 6, 4, 5};
    for (const size_t most : {2U, 3U, 4U}) {
        ScriptedEngine another(32, script);
        ScriptedMask ends(most);
        const auto answer =
            generate(another, {1}, {.max_new_tokens = 3, .eos_ids = {7}, .mask = &ends}, go_on);
        EXPECT_EQ(answer.tokens.size(), std::min<size_t>(most, 3));
        EXPECT_EQ(answer.reason, most <= 3 ? FinishReason::stop : FinishReason::length);
        EXPECT_EQ(ends.taken, answer.tokens);
    }
    ScriptedEngine cut(32, script);
    ScriptedMask ends(2);
    const auto until_5 = [](int64_t token) { return token != 5; };
    const auto answer = generate(cut, {1}, {.max_new_tokens = 9, .eos_ids = {7}, .mask = &ends}, until_5);
    EXPECT_EQ(answer.reason, FinishReason::interrupted);
}

TEST(Mask, NeverAllowsIdsBeyondTheVocabulary) {
    class Generous : public TokenMask {
        void allowed(std::span<uint32_t> mask) override { std::fill(mask.begin(), mask.end(), ~uint32_t{0}); }
        void take(int64_t token) override { EXPECT_LT(token, 8); }
        bool complete() const override { return false; }
    } mask;
    ScriptedEngine engine(64, std::vector<int64_t>(40, 3));
    GenerateOptions options{.max_new_tokens = 40, .mask = &mask};
    options.sampling = {.temperature = 100, .seed = 4};
    for (const int64_t token : generate(engine, {1}, options, go_on).tokens)
        EXPECT_LT(token, 8);
}

TEST(Mask, DraftsChangeNothing) {
    TwoTokenEngine plain(1);
    TwoTokenEngine several(8);
    for (const double temperature : {0.0, 0.7}) {
        for (const size_t most : {5U, 23U, 50U, 200U}) {
            ScriptedMask plain_mask(most);
            GenerateOptions options{.max_new_tokens = 45, .eos_ids = {7}, .mask = &plain_mask};
            options.sampling = {.temperature = temperature, .seed = 4};
            const auto expected = generate(plain, {1, 2, 4}, options, go_on);
            ScriptedMask mask(most);
            options.mask = &mask;
            options.draft_tokens = 7;
            const auto got = generate(several, {1, 2, 4}, options, go_on);
            EXPECT_EQ(got.tokens, expected.tokens);
            EXPECT_EQ(got.log_probabilities, expected.log_probabilities);
            EXPECT_EQ(got.reason, expected.reason);
            EXPECT_EQ(mask.taken, got.tokens);
            EXPECT_EQ(std::count(got.tokens.begin(), got.tokens.end(), 3), 0);
            if (temperature == 0 && most > 20) {
                EXPECT_LT(got.steps, expected.steps);
                EXPECT_GT(got.drafted, got.accepted);
            }
        }
    }
}

TEST(PromptLookup, EndsWithinADraft) {
    TwoTokenEngine several(8);
    GenerateOptions options{.max_new_tokens = 100, .eos_ids = {}};
    options.draft_tokens = 7;
    int64_t heard = 0;
    const auto generation = generate(several, {1, 2, 3}, options, [&](int64_t) { return ++heard < 23; });
    EXPECT_EQ(generation.tokens.size(), 23U);
    EXPECT_EQ(generation.reason, FinishReason::interrupted);
}

TEST(PromptLookup, TheLongestAndLatestMatch) {
    const std::vector<int64_t> window{1, 2, 3, 9, 1, 2, 3, 8, 7, 2, 3, 5, 1, 2, 3};
    EXPECT_EQ(lookup_draft(window, 3), (std::vector<int64_t>{8, 7, 2}));
    EXPECT_EQ(lookup_draft(window, 0), (std::vector<int64_t>{}));
    EXPECT_EQ(lookup_draft(std::vector<int64_t>{4, 5, 6}, 3), (std::vector<int64_t>{}));
    EXPECT_EQ(lookup_draft(std::vector<int64_t>{4, 4, 4}, 3), (std::vector<int64_t>{4}));
    EXPECT_EQ(lookup_draft(std::vector<int64_t>{4}, 3), (std::vector<int64_t>{}));
}

TEST(Argmax, LowestOfEqualsAndNoNan) {
    EXPECT_EQ(argmax(std::vector<float>{1.0F, 3.0F, 3.0F}), 1);
    const float infinity = std::numeric_limits<float>::infinity();
    EXPECT_EQ(argmax(std::vector<float>{-infinity, -infinity, -2.0F}), 2);
    const std::vector<float> broken{1.0F, std::numeric_limits<float>::quiet_NaN(), 3.0F};
    error_of(ErrorCode::verification, [&] { argmax(broken); });
}

TEST(FitPrompt, KeepsTheEndAndCountsWhatWent) {
    std::vector<int64_t> ids{1, 2, 3, 4, 5};
    EXPECT_EQ(fit_prompt(ids, 5, LongPrompt::truncate), 0);
    EXPECT_EQ(fit_prompt(ids, 3, LongPrompt::truncate), 2);
    EXPECT_EQ(ids, (std::vector<int64_t>{3, 4, 5}));
    error_of(ErrorCode::usage, [&] { fit_prompt(ids, 2, LongPrompt::error); });
    std::vector<int64_t> empty;
    error_of(ErrorCode::usage, [&] { fit_prompt(empty, 2, LongPrompt::truncate); });
}

}  // namespace
}  // namespace ovenbird
