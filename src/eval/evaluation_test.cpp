#include "eval/evaluation.hpp"

#include <gtest/gtest.h>

namespace ovenbird {
namespace {

Measured form_with(const std::string& folder, const std::string& form, double log_probability, double kl) {
    Measured measured;
    measured.folder = folder;
    measured.form = form;
    measured.text.emplace();
    measured.text->tokens = 10;
    measured.text->log_probability = 10 * log_probability;
    measured.text->source.emplace();
    measured.text->source->kl = 10 * kl;
    measured.text->source->tokens = 10;
    return measured;
}

TEST(FormDifferences, OnlyBeyondTheTolerance) {
    Evaluation evaluation;
    evaluation.measured = {form_with("a", "dynamic", -3, 0.1), form_with("a", "whole", -3.01, 0.1),
                           form_with("a", "folded", -3, 0.15), form_with("b", "whole", -9, 0.9)};
    const auto differences = form_differences(evaluation, 0.02);
    ASSERT_EQ(differences.size(), 1U);
    EXPECT_EQ(differences[0].folder, "a");
    EXPECT_EQ(differences[0].form, "dynamic");
    EXPECT_EQ(differences[0].other_form, "folded");
    EXPECT_EQ(differences[0].figure, "KL a token");
    EXPECT_NEAR(differences[0].difference, 0.05, 1e-9);
    EXPECT_EQ(form_differences(evaluation, 0.001).size(), 2U);
    EXPECT_TRUE(form_differences(evaluation, 0.1).empty());
}

TEST(EvaluationJson, HasWhatWasMeasured) {
    Evaluation evaluation;
    evaluation.source_name = "source";
    evaluation.measured = {form_with("a", "dynamic", -3, 0.1)};
    const Json json = to_json(evaluation);
    const Json& text = json.at("measured").at(0).at("text");
    EXPECT_NEAR(text.at("kl").get<double>(), 0.1, 1e-9);
    EXPECT_EQ(json.at("source"), "source");
    EXPECT_FALSE(json.contains("source_choices"));
    EXPECT_FALSE(json.at("measured").at(0).contains("choices"));
}

}  // namespace
}  // namespace ovenbird
