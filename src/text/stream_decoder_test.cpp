#include <gtest/gtest.h>

#include <random>

#include "text/test_tokenizers.hpp"
#include "text/tokenizer.hpp"

namespace ovenbird {
namespace {

using testing_text::byte_fallback_json;
using testing_text::byte_level_json;
using testing_text::load_json;
using testing_text::metaspace_json;
using testing_text::word_piece_json;

struct Kind {
    const char* name;
    Json (*json)();
};

bool is_utf8(const std::string& text) {
    try {
        return !Json(text).dump().empty();
    } catch (const Json::type_error&) {
        return false;
    }
}

class EveryTokenizer : public testing::TestWithParam<Kind> {
protected:
    /// Streams `ids`. After every id, what was given out and what finish() would add must be the whole text
    /// so far, and what was given out must stay.
    void check(const std::vector<int64_t>& ids, bool skip_special) {
        StreamDecoder decoder(tokenizer_, skip_special);
        std::string given;
        for (size_t i = 0; i < ids.size(); ++i) {
            const std::string piece = decoder.push(ids[i]);
            ASSERT_TRUE(is_utf8(piece)) << "at id " << i;
            given += piece;
            StreamDecoder ended = decoder;
            const std::vector<int64_t> so_far(ids.begin(), ids.begin() + static_cast<ptrdiff_t>(i) + 1);
            ASSERT_EQ(given + ended.finish(), tokenizer_.decode(so_far, skip_special)) << "at id " << i;
        }
        given += decoder.finish();
        EXPECT_EQ(given, tokenizer_.decode(ids, skip_special));
        EXPECT_EQ(decoder.finish(), "");
    }
    const Tokenizer tokenizer_ = load_json(GetParam().json());
};

TEST_P(EveryTokenizer, StreamsTextOfManyScripts) {
    const char* const texts[] = {"hello",
                                 " hello  world ",
                                 "    ",
                                 "你好，世界",
                                 "مرحبا بالعالم",
                                 "नमस्ते दुनिया",
                                 "hello 你 hello",
                                 "👩‍👩‍👧‍👦🏳️‍🌈",
                                 "😀😃 😄",
                                 "🇩🇪🇯🇵",
                                 "e\xCC\x81 cafe\xCC\x81",
                                 "hellos worlding, hello.",
                                 "�� ok �",
                                 "<s> hello</s>",
                                 "x<|eos|>y",
                                 "\t\n\r\n",
                                 "한국어 ไทย עברית"};
    for (const char* text : texts) {
        SCOPED_TRACE(text);
        for (bool skip_special : {true, false})
            check(tokenizer_.encode(text, true), skip_special);
    }
}

TEST_P(EveryTokenizer, StreamsRandomIds) {
    std::mt19937 random(20240501);
    std::uniform_int_distribution<int64_t> any(0, tokenizer_.id_limit() - 1);
    for (int round = 0; round < 300; ++round) {
        std::vector<int64_t> ids(1 + random() % 40);
        for (int64_t& id : ids)
            id = any(random);
        check(ids, round % 2 == 0);
    }
}

TEST_P(EveryTokenizer, StreamsBrokenHalvesOfCharacters) {
    const std::string text = "a😀é你 b👩‍👧न";
    const std::vector<int64_t> ids = tokenizer_.encode(text, false);
    std::mt19937 random(7);
    for (int round = 0; round < 300; ++round) {
        std::vector<int64_t> some;
        while (some.size() < 30) {
            const size_t from = random() % ids.size();
            const size_t size = 1 + random() % (ids.size() - from);
            some.insert(some.end(), ids.begin() + static_cast<ptrdiff_t>(from),
                        ids.begin() + static_cast<ptrdiff_t>(from + size));
        }
        check(some, true);
    }
}

TEST_P(EveryTokenizer, IgnoresIdsItDoesNotKnow) {
    StreamDecoder decoder(tokenizer_);
    std::string text;
    for (int64_t id : tokenizer_.encode("hello", false)) {
        for (int64_t unknown : {int64_t{-1}, tokenizer_.id_limit(), int64_t{1} << 33}) {
            EXPECT_EQ(decoder.push(unknown), "");
        }
        text += decoder.push(id);
    }
    EXPECT_EQ(text + decoder.finish(), "hello");
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryTokenizer,
                         testing::Values(Kind{"ByteLevel", byte_level_json},
                                         Kind{"ByteFallback", byte_fallback_json},
                                         Kind{"Metaspace", metaspace_json},
                                         Kind{"WordPiece", word_piece_json}),
                         [](const auto& info) { return info.param.name; });

TEST(StreamDecoder, GivesWordsAsTheyCome) {
    const Tokenizer tokenizer = load_json(byte_fallback_json());
    StreamDecoder decoder(tokenizer);
    const int64_t hello = tokenizer.token_to_id("▁hello").value();
    EXPECT_EQ(decoder.push(hello), "hello");
    EXPECT_EQ(decoder.push(2), "");  // </s>, skipped, does not make the next word a first one
    EXPECT_EQ(decoder.push(hello), " hello");
    EXPECT_EQ(decoder.finish(), "");
    EXPECT_EQ(decoder.push(hello), "hello");  // as new
}

TEST(StreamDecoder, HoldsACharacterBackUntilItIsWhole) {
    const Tokenizer tokenizer = load_json(byte_level_json());
    StreamDecoder decoder(tokenizer);
    const std::vector<int64_t> ids = tokenizer.encode("a😀", false);
    ASSERT_EQ(ids.size(), 3u);  // a, the first three bytes, the last
    EXPECT_EQ(decoder.push(ids[0]), "a");
    EXPECT_EQ(decoder.push(ids[1]), "");
    EXPECT_EQ(decoder.push(ids[2]), "😀");
    EXPECT_EQ(decoder.push(ids[1]), "");
    EXPECT_EQ(decoder.push(ids[0]), "�a");
    EXPECT_EQ(decoder.push(ids[1]), "");
    EXPECT_EQ(decoder.finish(), "�");
}

// Any of these takes minutes when the work grows with the square of the ids.
TEST(StreamDecoder, TakesLongStreamsOfTheSameId) {
    const struct {
        Json (*json)();
        const char* token;
    } cases[] = {{byte_level_json, "ÿ"},    {byte_level_json, "ðŁ"},        {byte_level_json, "Ġ"},
                 {byte_fallback_json, "▁"}, {byte_fallback_json, "<0xFF>"}, {byte_fallback_json, "<0x41>"},
                 {metaspace_json, "▁"}};
    for (const auto& [json, token] : cases) {
        const Tokenizer tokenizer = load_json(json());
        const std::vector<int64_t> ids(100'000, tokenizer.token_to_id(token).value());
        StreamDecoder decoder(tokenizer);
        std::string text;
        for (int64_t id : ids)
            text += decoder.push(id);
        text += decoder.finish();
        EXPECT_EQ(text, tokenizer.decode(ids, true)) << token;
    }
}

}  // namespace
}  // namespace ovenbird
