#include "text/tokenizer.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "text/test_tokenizers.hpp"

namespace ovenbird {
namespace {

using testing_text::byte_fallback_json;
using testing_text::byte_level_json;
using testing_text::contains;
using testing_text::load_json;
using testing_text::write;
using Ids = std::vector<int64_t>;

const char* const kTexts[] = {"",
                              "hello",
                              " hello world",
                              "  two  spaces ",
                              "naïve — 你好 😀",
                              "नमस्ते مرحبا",
                              "a\n\tb",
                              "👩‍👩‍👧‍👦 🇩🇪",
                              "hello<|eos|>"};

TEST(Tokenizer, ByteLevelRoundTrips) {
    const Tokenizer tokenizer = load_json(byte_level_json());
    for (const char* text : kTexts) {
        EXPECT_EQ(tokenizer.decode(tokenizer.encode(text, true), false), text);
    }
    EXPECT_EQ(tokenizer.encode("hello", false), std::vector<int64_t>{tokenizer.token_to_id("hello").value()});
}

TEST(Tokenizer, ByteFallbackRoundTrips) {
    const Tokenizer tokenizer = load_json(byte_fallback_json());
    for (const char* text : kTexts) {
        EXPECT_EQ(tokenizer.decode(tokenizer.encode(text, true), true), text);
    }
}

TEST(Tokenizer, AddsSpecialTokensOnlyWhenAsked) {
    const Tokenizer tokenizer = load_json(byte_fallback_json());
    const int64_t hello = tokenizer.token_to_id("▁hello").value();
    EXPECT_EQ(tokenizer.encode("hello", true), (Ids{1, hello}));
    EXPECT_EQ(tokenizer.encode("hello", false), (Ids{hello}));
    EXPECT_EQ(tokenizer.encode("<s>", false), (Ids{1}));  // a special token's text is that token
    EXPECT_EQ(tokenizer.decode({1, hello}, true), "hello");
    EXPECT_EQ(tokenizer.decode({1, hello}, false), "<s> hello");
}

TEST(Tokenizer, KnowsItsIds) {
    const Tokenizer tokenizer = load_json(byte_level_json());
    const int64_t pad = tokenizer.token_to_id("<|pad|>").value();
    EXPECT_EQ(tokenizer.id_limit(), pad + 1);
    EXPECT_EQ(tokenizer.id_to_token(pad), "<|pad|>");
    for (int64_t id : {int64_t{-1}, pad + 1, int64_t{1} << 40})
        EXPECT_EQ(tokenizer.id_to_token(id), std::nullopt);
    EXPECT_EQ(tokenizer.token_to_id("no such token"), std::nullopt);
    EXPECT_EQ(tokenizer.token_to_id("\xff"), std::nullopt);
}

TEST(Tokenizer, RefusesIdsOutsideTheVocabulary) {
    const Tokenizer tokenizer = load_json(byte_level_json());
    for (int64_t id : {int64_t{-1}, tokenizer.id_limit(), int64_t{1} << 32, int64_t{1} << 62}) {
        const std::string message = error_of(ErrorCode::invalid_input, [&] {
            tokenizer.decode({0, id}, true);
        });
        EXPECT_TRUE(contains(message, std::to_string(id)));
    }
}

TEST(Tokenizer, RefusesTextThatIsNotUtf8) {
    const Tokenizer tokenizer = load_json(byte_level_json());
    for (const char* text : {"\xff", "abc\xc3", "\xed\xa0\x80", "\xf0\x9f\x98"}) {
        EXPECT_TRUE(
            contains(error_of(ErrorCode::invalid_input, [&] { tokenizer.encode(text, false); }), "UTF-8"));
    }
    EXPECT_EQ(tokenizer.encode(std::string_view("\0a", 2), false).size(), 2u);
}

TEST(Tokenizer, DropsNothingThatTheFileWouldTruncateOrPad) {
    Json json = byte_level_json();
    json["truncation"] = {
        {"direction", "Right"}, {"max_length", 2}, {"strategy", "LongestFirst"}, {"stride", 0}};
    json["padding"] = {{"strategy", {{"Fixed", 64}}},
                       {"direction", "Right"},
                       {"pad_to_multiple_of", nullptr},
                       {"pad_id", 0},
                       {"pad_type_id", 0},
                       {"pad_token", "!"}};
    EXPECT_EQ(load_json(json).encode("abcdefg", false).size(), 7u);
}

TEST(Tokenizer, TakesAVeryLongPrompt) {
    const Tokenizer tokenizer = load_json(byte_level_json());
    std::string text;
    for (int i = 0; i < 100'000; ++i)
        text += " hello";
    const std::vector<int64_t> ids = tokenizer.encode(text, true);
    EXPECT_EQ(ids.size(), 100'000u);
    EXPECT_EQ(tokenizer.decode(ids, true), text);
}

TEST(Tokenizer, TakesAVeryLongWord) {
    const Tokenizer tokenizer = load_json(byte_fallback_json());
    EXPECT_EQ(tokenizer.encode(std::string(300'000, 'x'), false).size(), 300'001u);
}

TEST(TokenizerLoad, NamesAMissingFile) {
    const TestFolder folder;
    EXPECT_TRUE(
        contains(error_of(ErrorCode::not_found, [&] { Tokenizer::load(folder.path()); }), "tokenizer.json"));
    error_of(ErrorCode::not_found, [&] { Tokenizer::load(folder / "absent"); });
    write(folder / "tokenizer.model", "x");
    EXPECT_TRUE(contains(error_of(ErrorCode::not_found, [&] { Tokenizer::load(folder.path()); }), "convert"));
}

TEST(TokenizerLoad, TakesTheFileItself) {
    const TestFolder folder;
    write(folder / "tokenizer.json", byte_level_json().dump());
    write(folder / "tokenizer_config.json", R"({"eos_token": "<|eos|>"})");
    const Tokenizer tokenizer = Tokenizer::load(folder / "tokenizer.json");
    EXPECT_EQ(tokenizer.eos_token(), "<|eos|>");
}

TEST(TokenizerLoad, RefusesWhatIsNoTokenizer) {
    const std::string good = byte_level_json().dump();
    Json no_model = byte_level_json();
    no_model.erase("model");
    Json bad_merge = byte_level_json();
    bad_merge["model"]["merges"].push_back({"not", "there"});
    Json bad_ids = byte_level_json();
    bad_ids["model"]["vocab"]["a"] = -5;
    Json bad_regex = byte_level_json();
    bad_regex["pre_tokenizer"] = {
        {"type", "Split"}, {"pattern", {{"Regex", "(((("}}}, {"behavior", "Isolated"}, {"invert", false}};
    Json bad_decoder = byte_level_json();
    bad_decoder["decoder"] = {{"type", "Unheard"}};
    const TestFolder folder;
    for (const std::string& text :
         {std::string(), std::string("{}"), std::string("[]"), std::string("null"),
          good.substr(0, good.size() / 2), std::string("\xff\xfe"), std::string(1 << 20, '['),
          no_model.dump(), bad_merge.dump(), bad_ids.dump(), bad_regex.dump(), bad_decoder.dump()}) {
        write(folder / "tokenizer.json", text);
        const std::string message =
            error_of(ErrorCode::invalid_input, [&] { Tokenizer::load(folder.path()); });
        EXPECT_TRUE(contains(message, "tokenizer.json"));
    }
}

/// A tokenizer folder with the given side files.
class SpecialIds : public testing::Test {
protected:
    SpecialIds() { write(folder_ / "tokenizer.json", byte_level_json().dump()); }
    Tokenizer load() { return Tokenizer::load(folder_.path()); }
    TestFolder folder_;
};

TEST_F(SpecialIds, PadIsItsOwnWhereThereIsOne) {
    write(folder_ / "tokenizer_config.json", R"({"pad_token": "<|pad|>", "eos_token": "<|eos|>"})");
    const Tokenizer tokenizer = load();
    EXPECT_EQ(tokenizer.pad_id(), tokenizer.token_to_id("<|pad|>"));
    EXPECT_EQ(tokenizer.eos_ids(), (Ids{tokenizer.token_to_id("<|eos|>").value()}));
}

TEST_F(SpecialIds, PadIsElseEos) {
    write(folder_ / "tokenizer_config.json", R"({"pad_token": null, "eos_token": "<|eos|>"})");
    const Tokenizer tokenizer = load();
    EXPECT_EQ(tokenizer.pad_id(), tokenizer.token_to_id("<|eos|>"));
}

// As transformers, which adds a token that is only named behind all others.
TEST_F(SpecialIds, APadTokenThatIsOnlyNamedGetsTheNextId) {
    write(folder_ / "tokenizer_config.json", "{}");
    const int64_t next = load().id_limit();
    write(folder_ / "tokenizer_config.json", R"({"pad_token": "<nowhere>", "eos_token": "<|eos|>"})");
    EXPECT_EQ(load().pad_id(), next);
}

TEST_F(SpecialIds, PadIsElseZero) {
    const Tokenizer tokenizer = load();
    EXPECT_EQ(tokenizer.pad_id(), 0);
    EXPECT_EQ(tokenizer.eos_ids(), Ids{});
    EXPECT_EQ(tokenizer.bos_token(), std::nullopt);
    EXPECT_EQ(tokenizer.eos_token(), std::nullopt);
}

TEST_F(SpecialIds, EosIsWhateverAnyFileNames) {
    write(folder_ / "tokenizer_config.json", R"({"eos_token": "<|eos|>"})");
    const int64_t eos = load().token_to_id("<|eos|>").value();
    EXPECT_EQ(load().eos_ids(), (Ids{eos}));
    write(folder_ / "config.json", R"({"eos_token_id": 9})");
    EXPECT_EQ(load().eos_ids(), (Ids{9, eos}));
    write(folder_ / "generation_config.json", R"({"eos_token_id": [7, 8, 9]})");
    EXPECT_EQ(load().eos_ids(), (Ids{7, 8, 9, eos}));
    write(folder_ / "generation_config.json", R"({"eos_token_id": 5})");
    EXPECT_EQ(load().eos_ids(), (Ids{5, 9, eos}));
    for (const char* none : {"null", "-1", "[]"}) {
        write(folder_ / "generation_config.json", fmt::format(R"({{"eos_token_id": {}}})", none));
        EXPECT_EQ(load().eos_ids(), (Ids{9, eos}));
    }
}

TEST_F(SpecialIds, TheTemplatesEndOfTurnIsAnEos) {
    // As in folders whose generation_config.json names <|endoftext|> only.
    write(folder_ / "generation_config.json", R"({"eos_token_id": 7})");
    const int64_t end = load().token_to_id("<|eos|>").value();
    const std::string turns = "{% for m in messages %}<|bos|>{{ m.role }} {{ m.content }}";
    for (const auto& [behind, eos] :
         std::initializer_list<std::pair<std::string, Ids>>{{"<|eos|>{% endfor %}", {7, end}},
                                                            {"\n<|eos|>\n{% endfor %}", {7, end}},
                                                            {"<|eos|>{% endfor %}<|pad|>", {7, end}},
                                                            {" and more{% endfor %}", {7}},
                                                            {"h{% endfor %}", {7}},
                                                            {"{% endfor %}", {7}},
                                                            {"{% endfor %}{{ raise_exception('no') }}", {7}},
                                                            {"{% endfor", {7}}}) {
        write(folder_ / "chat_template.jinja", turns + behind);
        EXPECT_EQ(load().eos_ids(), eos) << behind;
    }
}

TEST_F(SpecialIds, TokensMayBeObjectsAndComeFromTheMap) {
    write(folder_ / "tokenizer_config.json",
          R"({"bos_token": {"__type": "AddedToken", "content": "<|bos|>"}, "added_tokens_decoder": {}})");
    write(folder_ / "special_tokens_map.json",
          R"({"bos_token": "other", "eos_token": {"content": "<|eos|>"}})");
    const Tokenizer tokenizer = load();
    EXPECT_EQ(tokenizer.bos_token(), "<|bos|>");
    EXPECT_EQ(tokenizer.eos_token(), "<|eos|>");
    EXPECT_EQ(tokenizer.pad_id(), tokenizer.token_to_id("<|eos|>"));
}

TEST_F(SpecialIds, WrongTypesAreNamed) {
    const struct {
        const char *file, *text, *key;
    } cases[] = {
        {"tokenizer_config.json", R"({"eos_token": 5})", "eos_token"},
        {"tokenizer_config.json", R"({"eos_token": {"content": []}})", "content"},
        {"special_tokens_map.json", R"([])", "object"},
        {"generation_config.json", R"({"eos_token_id": "2"})", "eos_token_id"},
        {"generation_config.json", R"({"eos_token_id": [2, {}]})", "eos_token_id"},
        {"config.json", R"({"eos_token_id": 1.5})", "eos_token_id"},
        {"config.json", R"({"eos)", "line 1"},
    };
    for (const auto& [file, text, key] : cases) {
        write(folder_ / file, text);
        const std::string message = error_of(ErrorCode::invalid_input, [&] { load(); });
        EXPECT_TRUE(contains(message, file));
        EXPECT_TRUE(contains(message, key));
        std::filesystem::remove(folder_ / file);
    }
}

}  // namespace
}  // namespace ovenbird
