#include "eval/choices.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "base/test_folder.hpp"
#include "eval/test_scripted_engine.hpp"
#include "run/test_byte_tokenizer.hpp"

namespace ovenbird {
namespace {

constexpr const char* kLine = R"({"question": "How?", "choices": ["so", "not so"], "answer": 1})";

// Ids are bytes; "ab" is 257, <end> is 256 and the EOS.
class Choices : public testing::Test {
protected:
    Choices() {
        write_file(temporary_.path() / "tokenizer.json", byte_tokenizer(true).dump());
        write_file(temporary_.path() / "tokenizer_config.json", R"({"eos_token": "<end>"})");
    }
    ContinuationTokens encode(const std::string& context, const std::string& continuation,
                              int64_t most = 100) {
        return encode_continuation(Tokenizer::load(temporary_.path()), context, continuation, most);
    }
    TestFolder temporary_;
};

TEST(ChoiceLines, AreRead) {
    const auto questions = parse_choices(std::string("\xEF\xBB\xBF") + kLine + "\r\n\n" +
                                             R"({"context": "", "choices": ["a", "b", "c"], "answer": 0})",
                                         "f");
    ASSERT_EQ(questions.size(), 2U);
    EXPECT_EQ(questions[0].context, "How?");
    EXPECT_EQ(questions[0].choices[1], "not so");
    EXPECT_EQ(questions[0].answer, 1U);
    EXPECT_EQ(questions[1].choices.size(), 3U);
}

TEST(ChoiceLines, WrongOnesAreNamed) {
    for (const char* line : {"", "\n\n", "[]", "{", R"({"choices": ["a", "b"], "answer": 0})",
                             R"({"context": "x", "question": "y", "choices": ["a", "b"], "answer": 0})",
                             R"({"context": "x", "choices": [], "answer": 0})",
                             R"({"context": "x", "choices": ["a"], "answer": 0})",
                             R"({"context": "x", "choices": ["a", ""], "answer": 0})",
                             R"({"context": "x", "choices": ["a", 1], "answer": 0})",
                             R"({"context": "x", "choices": "ab", "answer": 0})",
                             R"({"context": "x", "choices": ["a", "b"], "answer": 2})",
                             R"({"context": "x", "choices": ["a", "b"], "answer": -1})",
                             R"({"context": "x", "choices": ["a", "b"]})"}) {
        SCOPED_TRACE(line);
        error_of(ErrorCode::invalid_input, [&] { parse_choices(line, "f"); });
    }
    try {
        parse_choices(std::string(kLine) + "\n{}", "file.jsonl");
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("file.jsonl: line 2"), std::string::npos) << error.what();
    }
}

TEST_F(Choices, TrailingSpaceGoesToTheContinuation) {
    const auto tokens = encode("xy \xC2\xA0\n", "z");
    EXPECT_EQ(tokens.targets, (Sequence{' ', 0xC2, 0xA0, '\n', 'z'}));
    EXPECT_EQ(tokens.input, (Sequence{'x', 'y', ' ', 0xC2, 0xA0, '\n'}));
}

TEST_F(Choices, BothAreEncodedAsOneText) {
    // "ab" joins across the border: the context keeps its own token, the continuation loses its first letter.
    const auto tokens = encode("xa", "bz!");
    EXPECT_EQ(tokens.targets, (Sequence{'z', '!'}));
    EXPECT_EQ(tokens.input, (Sequence{'x', 'a', 'z'}));
    error_of(ErrorCode::invalid_input, [&] { encode("xa", "b"); });
}

TEST_F(Choices, AnEmptyContextIsTheEos) {
    const auto tokens = encode("", "z");
    EXPECT_EQ(tokens.input, (Sequence{256}));
    EXPECT_EQ(tokens.targets, (Sequence{'z'}));
}

TEST_F(Choices, ALongContextLosesItsStart) {
    const auto tokens = encode("uvwxy", "z!", 3);
    EXPECT_TRUE(tokens.cut);
    EXPECT_EQ(tokens.input, (Sequence{'x', 'y', 'z'}));
    EXPECT_EQ(tokens.targets, (Sequence{'z', '!'}));
    EXPECT_FALSE(encode("xy", "z!", 3).cut);
    error_of(ErrorCode::invalid_input, [&] { encode("x", "zzz", 2); });
}

TEST(AnswerChoices, ByTheSumAndByLength) {
    // After 0 comes 1, after 1 comes 2: the second choice has the better tokens, but one more of them.
    const std::vector<ChoiceQuestion> questions{{"", {"x", "yyyy"}, 1}};
    ChoiceTokens tokens;
    tokens.continuations = {{{0}, {2}, false}, {{0, 1}, {1, 3}, false}};
    const auto inputs = tokens.inputs();
    ScriptedEngine engine(2, 2.0F);
    SilentReporter reporter;
    const auto figures = answer_choices(questions, tokens, engine_rows(engine, inputs, "x"), 0, reporter);
    const double normaliser = std::log(std::exp(2.0) + 3);
    ASSERT_EQ(figures.answers.size(), 1U);
    EXPECT_NEAR(figures.answers[0].log_likelihoods[0], -normaliser, 1e-6);
    EXPECT_NEAR(figures.answers[0].log_likelihoods[1], 2 - 2 * normaliser, 1e-6);
    EXPECT_EQ(figures.answers[0].chosen, 0U);
    EXPECT_EQ(figures.answers[0].chosen_by_length, 1U);
    EXPECT_EQ(figures.acc(), 0);
    EXPECT_EQ(figures.acc_norm(), 1);
    EXPECT_EQ(equal_choices(figures, figures), 1);
}

}  // namespace
}  // namespace ovenbird
