#include "eval/measure_text.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "base/test_folder.hpp"
#include "eval/evaluate.hpp"
#include "eval/test_scripted_engine.hpp"

namespace ovenbird {
namespace {

// Of a scripted row: the log probability of the token that leads, and of another one.
double leading(double lead) {
    return lead - std::log(std::exp(lead) + 3);
}
double other(double lead) {
    return -std::log(std::exp(lead) + 3);
}

const std::vector<Sequence> kWindows{{0, 1, 2, 3, 0}, {0, 2}};  // four tokens as scripted, and another one

TEST(MeasureText, PerplexityByHand) {
    for (const int64_t rows : {1, 3, 64}) {
        ScriptedEngine engine(rows, 2.0F);
        SilentReporter reporter;
        const auto figures = measure_text(kWindows, engine_rows(engine, kWindows, "x"), nullptr, 0, reporter);
        EXPECT_EQ(figures.tokens, 5);
        EXPECT_NEAR(figures.log_probability, 4 * leading(2) + other(2), 1e-6);
        EXPECT_NEAR(figures.perplexity(), std::exp(-(4 * leading(2) + other(2)) / 5), 1e-6);
        EXPECT_FALSE(figures.source);
        ASSERT_EQ(figures.positions.size(), 5U);
        EXPECT_EQ(figures.positions[0].tokens, 0);
        EXPECT_EQ(figures.positions[1].tokens, 2);
        EXPECT_EQ(figures.positions[4].tokens, 1);
        ASSERT_EQ(figures.worst.size(), 5U);
        EXPECT_EQ(figures.worst[0].window, 1U);
        EXPECT_EQ(figures.worst[0].position, 1);
        EXPECT_EQ(figures.worst[0].best, 1);
        EXPECT_EQ(engine.calls, rows == 1 ? 5 : rows == 3 ? 3 : 2);
    }
}

TEST(MeasureText, KlByHand) {
    ScriptedEngine engine(3, 2.0F);
    ScriptedEngine source(2, 1.0F);
    SilentReporter reporter;
    const auto expected = engine_rows(source, kWindows, "source");
    const auto figures = measure_text(kWindows, engine_rows(engine, kWindows, "x"), &expected, 0, reporter);
    const double kl =
        std::exp(leading(1)) * (leading(1) - leading(2)) + 3 * std::exp(other(1)) * (other(1) - other(2));
    EXPECT_NEAR(figures.source.value().mean_kl(), kl, 1e-6);
    EXPECT_NEAR(figures.source.value().kl_error(), 0, 1e-6);
    EXPECT_NEAR(figures.source.value().largest_kl, kl, 1e-6);
    EXPECT_EQ(figures.source.value().top1_agreement(), 1);
    EXPECT_NEAR(figures.source.value().perplexity(), std::exp(-(4 * leading(1) + other(1)) / 5), 1e-6);
}

// A source that says of every sequence what a scripted engine says.
class ScriptedSource : public SourceLogits {
public:
    explicit ScriptedSource(float lead) : engine_(64, lead) {}
    int64_t vocab_size() const override { return kScriptedVocab; }
    size_t run(const std::vector<Sequence>& sequences, Reporter&) override {
        const size_t first = sequences_.size();
        sequences_.insert(sequences_.end(), sequences.begin(), sequences.end());
        return first;
    }
    LogitRows rows() override { return engine_rows(engine_, sequences_, "the source"); }

private:
    ScriptedEngine engine_;
    std::vector<Sequence> sequences_;
};

TEST(Evaluator, GreedyAnswersOfTheSameModelAreTheSame) {
    SilentReporter reporter;
    ScriptedSource source(3.0F);
    Evaluator evaluator({.windows = kWindows, .questions = {}, .choices = {}, .answer_tokens = 7}, &source,
                        reporter);
    ScriptedEngine same(2, 3.0F);
    const auto measured = evaluator.measure(same, {});
    EXPECT_EQ(measured.device, "SCRIPT");
    EXPECT_EQ(measured.greedy.value().common, (std::vector<int64_t>{7, 7}));
    EXPECT_EQ(measured.greedy->answer_tokens, 7);
    EXPECT_EQ(measured.text.value().source.value().mean_kl(), 0);
    ScriptedEngine other(2, -3.0F);  // never the token that the source likes best
    const auto apart = evaluator.measure(other, {});
    EXPECT_EQ(apart.greedy.value().least(), 0);
    EXPECT_EQ(apart.text.value().source.value().top1_agreement(), 0);
}

TEST(Evaluator, ATokenBeyondTheVocabulary) {
    SilentReporter reporter;
    Evaluator evaluator({.windows = {{0, 4}}, .questions = {}, .choices = {}}, nullptr, reporter);
    ScriptedEngine engine(1, 1.0F);
    error_of(ErrorCode::invalid_input, [&] { evaluator.measure(engine, {}); });
}

TEST(Greedy, PromptsAreStartsOfWindows) {
    EXPECT_EQ(greedy_prompts({{1, 2}, {3, 4, 5, 6}}), (std::vector<Sequence>{{1}, {3, 4}}));
    EXPECT_TRUE(greedy_prompts({}).empty());
}

}  // namespace
}  // namespace ovenbird
