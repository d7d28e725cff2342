#include "run/chat.hpp"

#include <gtest/gtest.h>

#include "base/json.hpp"
#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

// A byte-level tokenizer of the 256 bytes and an end token, and an engine that spells a fixed answer.
Json byte_tokenizer() {
    Json vocab = Json::object();
    int next_stranger = 256;
    for (int byte = 0; byte < 256; ++byte) {
        // GPT-2's alphabet: printable bytes stand for themselves, the others for the code points from 256 on.
        const bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
        const int code = printable ? byte : next_stranger++;
        std::string symbol;
        if (code < 128) {
            symbol = static_cast<char>(code);
        } else {
            symbol = {static_cast<char>(0xC0 | (code >> 6)), static_cast<char>(0x80 | (code & 0x3F))};
        }
        vocab[symbol] = byte;
    }
    return {
        {"version", "1.0"},
        {"added_tokens",
         {{{"id", 256},
           {"content", "<end>"},
           {"special", true},
           {"single_word", false},
           {"lstrip", false},
           {"rstrip", false},
           {"normalized", false}}}},
        {"normalizer", nullptr},
        {"pre_tokenizer",
         {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}}},
        {"post_processor", nullptr},
        {"decoder",
         {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}}},
        {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", Json::array()}}}};
}

class SpellingEngine : public Engine {
public:
    SpellingEngine(std::string answer, int64_t window, int64_t vocab = 257)
        : answer_(std::move(answer)), window_(window), vocab_(vocab) {}
    int64_t window_tokens() const override { return window_; }
    int64_t vocab_size() const override { return vocab_; }
    std::span<const float> next_logits(std::span<const int64_t> ids) override {
        if (step == 0) first_window.assign(ids.begin(), ids.end());
        logits_.assign(static_cast<size_t>(vocab_), 0.0F);
        const size_t token = step < answer_.size() ? static_cast<unsigned char>(answer_[step]) : 256;
        ++step;
        logits_[token] = 1.0F;
        return logits_;
    }
    const std::string& device() const override { return device_; }
    std::vector<int64_t> first_window;
    size_t step = 0;

private:
    std::string answer_;
    int64_t window_;
    int64_t vocab_;
    std::vector<float> logits_;
    std::string device_ = "SCRIPT";
};

class ChatTest : public testing::Test {
protected:
    ChatTest() {
        write_file(folder_ / "tokenizer.json", byte_tokenizer().dump());
        write_file(folder_ / "tokenizer_config.json", R"({"eos_token": "<end>"})");
    }
    Tokenizer tokenizer() const { return Tokenizer::load(folder_.path()); }
    TestFolder folder_;
};

TEST_F(ChatTest, StreamsWholeCharactersOnly) {
    const std::string text = "Grüße 🦜!";
    SpellingEngine engine(text, 64);
    std::vector<std::string> pieces;
    const auto words = tokenizer();
    const Answer given = answer(
        engine, words, {65}, {}, [](int64_t) {},
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

TEST_F(ChatTest, LongPromptIsTruncatedAndTold) {
    SpellingEngine engine("ok", 4);
    int64_t told = 0;
    const auto words = tokenizer();
    const Answer given = answer(
        engine, words, {1, 2, 3, 4, 5, 6}, {}, [&](int64_t dropped) { told = dropped; },
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
            engine, words, {1, 2, 3, 4, 5, 6}, strict, [](int64_t) {},
            [](const std::string&) { return true; });
    });
    EXPECT_NE(text.find("6 tokens"), std::string::npos) << text;
}

TEST_F(ChatTest, PromptOfAHundredThousandTokens) {
    SpellingEngine engine("ok", 128);
    const auto words = tokenizer();
    const auto ids = encode_prompt(words, nullptr, std::string(100'000, 'a'), "");
    ASSERT_EQ(ids.size(), 100'000U);
    const Answer given = answer(
        engine, words, ids, {}, [](int64_t) {}, [](const std::string&) { return true; });
    EXPECT_EQ(given.dropped_tokens, 100'000 - 128);
}

TEST_F(ChatTest, TemplateWrapsTheUserAndSystemMessages) {
    const ChatTemplate chat("{% for m in messages %}[{{ m.role }}:{{ m.content }}]{% endfor %}", "", "<end>");
    const auto words = tokenizer();
    EXPECT_EQ(words.decode(encode_prompt(words, &chat, "hi", ""), false), "[user:hi]");
    EXPECT_EQ(words.decode(encode_prompt(words, &chat, "hi", "be brief"), false),
              "[system:be brief][user:hi]");
    EXPECT_EQ(words.decode(encode_prompt(words, nullptr, "hi", ""), false), "hi");
}

TEST_F(ChatTest, EmptyPromptAndSystemWithoutTemplateAreUsageErrors) {
    const auto words = tokenizer();
    error_of(ErrorCode::usage, [&] { encode_prompt(words, nullptr, "", ""); });
    error_of(ErrorCode::usage, [&] { encode_prompt(words, nullptr, "hi", "be brief"); });
}

TEST_F(ChatTest, TokenizerOfAnotherModelIsRefused) {
    const auto words = tokenizer();
    check_vocabulary(words, SpellingEngine("", 4, 257));
    check_vocabulary(words, SpellingEngine("", 4, 300));  // tables are often padded
    error_of(ErrorCode::invalid_input, [&] { check_vocabulary(words, SpellingEngine("", 4, 256)); });
}

}  // namespace
}  // namespace ovenbird
