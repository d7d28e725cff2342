#include "run/answer.hpp"

#include <gtest/gtest.h>

#include "base/test_folder.hpp"
#include "run/test_byte_tokenizer.hpp"

namespace ovenbird {
namespace {

// Spells a fixed answer.
class SpellingEngine : public Engine {
public:
    SpellingEngine(std::string answer, int64_t window, int64_t vocab = 257) : answer_(std::move(answer)) {
        describe({.window_tokens = window, .vocab_size = vocab, .device = "SCRIPT"});
    }
    Progress compute(const Request& request) override {
        if (step == 0) first_window.assign(request.ids.begin(), request.ids.end());
        logits_.assign(static_cast<size_t>(vocab_size()), 0.0F);
        const size_t token = step < answer_.size() ? static_cast<unsigned char>(answer_[step]) : 256;
        ++step;
        logits_[token] = 1.0F;
        return {0, static_cast<int64_t>(request.ids.size()), 0, logits_};
    }
    std::vector<int64_t> first_window;
    size_t step = 0;

private:
    std::string answer_;
    std::vector<float> logits_;
};

class AnswerTest : public testing::Test {
protected:
    AnswerTest() {
        write_file(folder_ / "tokenizer.json", byte_tokenizer().dump());
        write_file(folder_ / "tokenizer_config.json", R"({"eos_token": "<end>"})");
    }
    Tokenizer tokenizer() const { return Tokenizer::load(folder_.path()); }
    TestFolder folder_;
};

TEST_F(AnswerTest, StreamsWholeCharactersOnly) {
    const std::string text = "Grüße 🦜!";
    SpellingEngine engine(text, 64);
    std::vector<std::string> pieces;
    const auto words = tokenizer();
    const Answer given = answer(
        engine, words, {{65}, {}}, {}, [](int64_t) {},
        [&](const std::string& piece) {
            pieces.push_back(piece);
            return true;
        });
    EXPECT_EQ(given.text, text);
    EXPECT_EQ(given.generation.reason, FinishReason::stop);
    std::string joined;
    for (const auto& piece : pieces) {
        joined += piece;
        // No piece starts inside a character.
        if (!piece.empty()) {
            EXPECT_NE(static_cast<unsigned char>(piece[0]) & 0xC0, 0x80) << piece;
        }
    }
    EXPECT_EQ(joined, text);
}

TEST_F(AnswerTest, WhoDoesNotListenAnyMoreIsToldNothing) {
    const auto words = tokenizer();
    // What is held back (half a character, what may become a stop string) is not given out either.
    for (const std::string text : {"one two", "gr\xC3", "a st", "\xF0\x9F st"}) {
        for (int64_t heard_before = 1; heard_before <= static_cast<int64_t>(text.size()); ++heard_before) {
            SpellingEngine engine(text, 64);
            AnswerOptions options;
            options.stop = {"stop"};
            int64_t heard = 0;
            std::string said;
            const Answer given = answer(
                engine, words, {{65}, {}}, options, [](int64_t) {},
                [&](const std::string& piece) {
                    said += piece;
                    return ++heard < heard_before;
                });
            EXPECT_EQ(heard, heard_before) << text;
            EXPECT_EQ(given.text, said);
            EXPECT_EQ(given.generation.reason, FinishReason::interrupted);
        }
    }
}

TEST_F(AnswerTest, LongPromptIsTruncatedAndTold) {
    SpellingEngine engine("ok", 4);
    int64_t told = 0;
    const auto words = tokenizer();
    const Answer given = answer(
        engine, words, {{1, 2, 3, 4, 5, 6}, {}}, {}, [&](int64_t dropped) { told = dropped; },
        [](const std::string&) { return true; });
    EXPECT_EQ(told, 2);
    EXPECT_EQ(given.dropped_tokens, 2);
    EXPECT_EQ(given.prompt_tokens, 4);
    EXPECT_EQ(engine.first_window, (std::vector<int64_t>{3, 4, 5, 6}));
    EXPECT_EQ(given.generation.reason, FinishReason::length);
    AnswerOptions strict;
    strict.on_long_prompt = LongPrompt::error;
    const auto text = error_of(ErrorCode::usage, [&] {
        answer(
            engine, words, {{1, 2, 3, 4, 5, 6}, {}}, strict, [](int64_t) {},
            [](const std::string&) { return true; });
    });
    EXPECT_NE(text.find("6 tokens"), std::string::npos) << text;
}

TEST_F(AnswerTest, ThinkingIsToldApart) {
    const ThinkingMarks marks{"<think>", "</think>", false};
    for (const bool open : {false, true}) {
        SpellingEngine engine(std::string(open ? "" : "<think>") + "hm, stop\n</think>\n\nYes. stop here",
                              128);
        std::string thought;
        AnswerOptions options;
        options.stop = {"stop"};  // of the answer, not of the thoughts
        options.on_thinking = [&](const std::string& piece) { thought += piece; };
        ThinkingMarks here = marks;
        here.open = open;
        const Answer given = answer(
            engine, tokenizer(), {{65}, here}, options, [](int64_t) {},
            [](const std::string&) { return true; });
        EXPECT_EQ(given.text, "Yes. ");
        EXPECT_EQ(given.thinking, "hm, stop\n");
        EXPECT_EQ(thought, given.thinking);
    }
}

// <end> is special and stands for a mark here: it has no text, and still counts.
TEST_F(AnswerTest, MarksMayBeSpecialTokens) {
    write_file(folder_ / "tokenizer_config.json", "{}");
    SpellingEngine engine("hm", 16);
    AnswerOptions options;
    options.max_new_tokens = 3;
    const Answer given = answer(
        engine, tokenizer(), {{65}, ThinkingMarks{"<begin>", "<end>", true}}, options, [](int64_t) {},
        [](const std::string&) { return true; });
    EXPECT_EQ(given.thinking, "hm");
    EXPECT_EQ(given.text, "");
}

TEST_F(AnswerTest, PromptOfAHundredThousandTokens) {
    SpellingEngine engine("ok", 128);
    const auto words = tokenizer();
    const auto ids = encode_prompt(words, nullptr, std::string(100'000, 'a'), "").ids;
    ASSERT_EQ(ids.size(), 100'000U);
    const Answer given = answer(
        engine, words, {ids, {}}, {}, [](int64_t) {}, [](const std::string&) { return true; });
    EXPECT_EQ(given.dropped_tokens, 100'000 - 128);
}

TEST_F(AnswerTest, TemplateWrapsTheUserAndSystemMessages) {
    const ChatTemplate chat("{% for m in messages %}[{{ m.role }}:{{ m.content }}]{% endfor %}", "", "<end>");
    const auto words = tokenizer();
    EXPECT_EQ(words.decode(encode_prompt(words, &chat, "hi", "").ids, false), "[user:hi]");
    EXPECT_EQ(words.decode(encode_prompt(words, &chat, "hi", "be brief").ids, false),
              "[system:be brief][user:hi]");
    EXPECT_EQ(words.decode(encode_prompt(words, nullptr, "hi", "").ids, false), "hi");
}

TEST_F(AnswerTest, EmptyPromptAndSystemWithoutTemplateAreUsageErrors) {
    const auto words = tokenizer();
    error_of(ErrorCode::usage, [&] { encode_prompt(words, nullptr, "", ""); });
    error_of(ErrorCode::usage, [&] { encode_prompt(words, nullptr, "hi", "be brief"); });
}

TEST_F(AnswerTest, ATokenizerWithMoreIdsThanTheModelIsWorthAWarningOnly) {
    const auto words = tokenizer();
    EXPECT_EQ(vocabulary_warning(words, SpellingEngine("", 4, 257)), "");
    EXPECT_EQ(vocabulary_warning(words, SpellingEngine("", 4, 300)), "");  // tables are often padded
    SpellingEngine engine("ok", 4, 256);
    EXPECT_NE(vocabulary_warning(words, engine).find("up to 256"), std::string::npos);
    AnswerOptions options;
    options.max_new_tokens = 2;
    const auto ask = [&](const std::string& text) {
        return answer(
            engine, words, {words.encode(text, false), {}}, options, [](int64_t) {},
            [](const std::string&) { return true; });
    };
    EXPECT_EQ(ask("hi").text, "ok");
    error_of(ErrorCode::invalid_input, [&] { ask("hi<end>"); });
    EXPECT_EQ(filler_id(256, 256), 0);
    EXPECT_EQ(filler_id(255, 256), 255);
}

TEST_F(AnswerTest, ASpecialTokenCanBeAStopString) {
    write_file(folder_ / "tokenizer_config.json", "{}");  // which then is no EOS
    const auto words = tokenizer();
    ASSERT_TRUE(words.eos_ids().empty());
    for (const auto& [stops, text] : std::initializer_list<std::pair<std::vector<std::string>, std::string>>{
             {{"<end>"}, "one"}, {{"e", "<end>"}, "on"}, {{"<end"}, "one"}}) {
        SpellingEngine engine("one", 64);
        AnswerOptions options;
        options.max_new_tokens = 9;
        options.stop = stops;
        const Answer given = answer(
            engine, words, {{65}, {}}, options, [](int64_t) {}, [](const std::string&) { return true; });
        EXPECT_EQ(given.text, text);
        const bool ends = stops.back() != "<end";
        EXPECT_EQ(given.generation.reason, ends ? FinishReason::stop : FinishReason::length);
        EXPECT_EQ(given.generation.tokens.size(), text == "on" ? 3U : ends ? 3U : 9U);
    }
}

}  // namespace
}  // namespace ovenbird
