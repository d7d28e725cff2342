#include "text/constraint.hpp"

#include <mutex>
#include <thread>

#include "base/error.hpp"
#include "text/test_tokenizers.hpp"

namespace ovenbird {
namespace {

using namespace testing_text;

// With </s> or <|eos|> as the end.
Tokenizer with_end(const Json& json, const std::string& end) {
    const TestFolder folder;
    write(folder / "tokenizer.json", json.dump());
    write(folder / "tokenizer_config.json", Json{{"eos_token", end}}.dump());
    return Tokenizer::load(folder.path());
}

std::vector<uint32_t> mask_of(Constraint& constraint, const Tokenizer& tokenizer, size_t spare_words = 2) {
    std::vector<uint32_t> mask(mask_words(tokenizer.id_limit()) + spare_words, 0xFFFFFFFFU);
    constraint.allowed(mask);
    return mask;
}

// Whether an answer of these tokens is allowed step by step and may end; the first one that is not, if any.
testing::AssertionResult follows(Constraint constraint, const Tokenizer& tokenizer,
                                 const std::vector<int64_t>& ids) {
    for (const int64_t id : ids) {
        if (!is_allowed(mask_of(constraint, tokenizer), static_cast<size_t>(id)))
            return testing::AssertionFailure() << "not " << tokenizer.id_to_token(id).value_or("?");
        constraint.take(id);
    }
    if (!constraint.may_end()) return testing::AssertionFailure() << "may not end";
    const auto mask = mask_of(constraint, tokenizer);
    for (const int64_t end : tokenizer.eos_ids()) {
        if (!is_allowed(mask, static_cast<size_t>(end))) return testing::AssertionFailure() << "no EOS";
    }
    return testing::AssertionSuccess();
}

constexpr const char* kPerson =
    R"({"type": "object", "properties": {"name": {"type": "string", "maxLength": 9},
    "age": {"type": "integer", "minimum": 0, "maximum": 120}}, "required": ["name"],
    "additionalProperties": false})";

TEST(Constraint, SchemasTakeWhatTheyShould) {
    for (const auto& tokenizer :
         {with_end(byte_level_json(), "<|eos|>"), with_end(byte_fallback_json(), "</s>"),
          with_end(metaspace_json(), "</s>")}) {
        const auto check = [&](const std::string& text) {
            // Byte by byte for SentencePiece: what precedes a first token is not part of the answer.
            std::vector<int64_t> ids = tokenizer.encode(text, false);
            if (tokenizer.id_to_token(0) == "<unk>") {
                ids.clear();
                for (const char byte : text)
                    ids.push_back(3 + static_cast<unsigned char>(byte));
            }
            return follows(Constraint::json_schema(tokenizer, kPerson), tokenizer, ids);
        };
        EXPECT_TRUE(check(R"({"name": "hello", "age": 41})"));
        EXPECT_TRUE(check("{\n  \"name\": \"zoë 🦜\"\n}"));
        EXPECT_FALSE(check(R"({"name": "hello", "age": 141})"));
        EXPECT_FALSE(check(R"({"age": 41})"));
        EXPECT_FALSE(check(R"({"name": "hello hello"})"));
        EXPECT_FALSE(check(R"({"name": "hello")"));
        EXPECT_FALSE(check(R"(["name"])"));
        EXPECT_FALSE(check("{  \"name\": \"he\"}")) << "one blank at most";
    }
}

TEST(Constraint, TokensOfSeveralBytesAndSpaces) {
    const auto level = with_end(byte_level_json(), "<|eos|>");
    auto words = Constraint::regex(level, "hello( hello)?");
    const auto hello = level.token_to_id("hello").value();
    const auto space_hello = level.token_to_id("Ġhello").value();
    auto mask = mask_of(words, level);
    EXPECT_TRUE(is_allowed(mask, static_cast<size_t>(hello)));
    EXPECT_TRUE(is_allowed(mask, static_cast<size_t>(level.token_to_id("he").value())));
    EXPECT_FALSE(is_allowed(mask, static_cast<size_t>(space_hello)));
    EXPECT_FALSE(is_allowed(mask, static_cast<size_t>(level.token_to_id("<|eos|>").value())));
    words.take(hello);
    EXPECT_TRUE(words.may_end());
    EXPECT_FALSE(words.complete());
    words.take(space_hello);
    EXPECT_TRUE(words.complete());
    const auto piece = with_end(byte_fallback_json(), "</s>");
    EXPECT_TRUE(follows(Constraint::regex(piece, "hello hello"), piece,
                        {*piece.token_to_id("hello"), *piece.token_to_id("▁hello")}));
    EXPECT_TRUE(follows(Constraint::regex(piece, "é"), piece, {3 + 0xC3, 3 + 0xA9}));
    EXPECT_TRUE(follows(Constraint::regex(piece, "é"), piece, {*piece.token_to_id("é")}));
}

TEST(Constraint, GrammarsAndAnyObject) {
    const auto tokenizer = with_end(byte_level_json(), "<|eos|>");
    const auto sum = [&] {
        return Constraint::grammar(tokenizer,
                                   "start: term (\"+\" term)*\nterm: /[0-9]+/ | \"(\" start \")\"");
    };
    EXPECT_TRUE(follows(sum(), tokenizer, tokenizer.encode("1+(2+34)", false)));
    EXPECT_FALSE(follows(sum(), tokenizer, tokenizer.encode("1+(2+34", false)));
    EXPECT_FALSE(follows(sum(), tokenizer, tokenizer.encode("1-2", false)));
    const auto object = [&] { return Constraint::json_object(tokenizer); };
    EXPECT_TRUE(
        follows(object(), tokenizer, tokenizer.encode(R"({"a": [1, {"b": null}], "c": "d"})", false)));
    EXPECT_FALSE(follows(object(), tokenizer, tokenizer.encode("[1]", false)));
}

TEST(Constraint, IdsBeyondTheTokenizersAreNeverAllowed) {
    const auto tokenizer = with_end(byte_level_json(), "<|eos|>");
    auto anything = Constraint::regex(tokenizer, "(.|\n)*");
    const auto mask = mask_of(anything, tokenizer, 40);
    for (size_t id = 0; id < 32 * mask.size(); ++id) {
        const auto name = tokenizer.id_to_token(static_cast<int64_t>(id));
        const bool text = name && (name->size() < 3 || name->substr(0, 2) != "<|");
        // No UTF-8 text holds these bytes.
        const bool never = id == 0xC0 || id == 0xC1 || (id >= 0xF5 && id <= 0xFF);
        const bool start = id < 0x80 || id >= 0xC2;  // the first byte of a character
        EXPECT_EQ(is_allowed(mask, id), (text && !never && start) || name == "<|eos|>") << id;
    }
}

TEST(Constraint, ErrorsSayWhatIsWrong) {
    const auto tokenizer = with_end(byte_level_json(), "<|eos|>");
    EXPECT_TRUE(contains(
        error_of(ErrorCode::usage, [&] { Constraint::json_schema(tokenizer, R"({"type": "strin"})"); }),
        "strin"));
    error_of(ErrorCode::usage, [&] { Constraint::json_schema(tokenizer, "{"); });
    error_of(ErrorCode::usage, [&] { Constraint::regex(tokenizer, "a\xff"); });
    EXPECT_TRUE(contains(error_of(ErrorCode::usage, [&] { Constraint::grammar(tokenizer, "start: nope"); }),
                         "grammar cannot be used"));
    const auto words = load_json(word_piece_json());
    EXPECT_TRUE(
        contains(error_of(ErrorCode::unsupported, [&] { Constraint::json_object(words); }), "decoder"));
    auto digits = Constraint::regex(tokenizer, "[0-9]+");
    error_of(ErrorCode::invalid_input, [&] { digits.take('x'); });
    error_of(ErrorCode::invalid_input, [&] { digits.take(-1); });
}

TEST(Constraint, WithoutEosTheFormAloneEnds) {
    const auto tokenizer = load_json(byte_level_json());
    ASSERT_TRUE(tokenizer.eos_ids().empty());
    auto letter = Constraint::regex(tokenizer, "a");
    letter.take('a');
    EXPECT_TRUE(letter.complete());
}

TEST(Constraint, ThreadsShareTheTablesAndOutliveTheTokenizer) {
    std::vector<Constraint> constraints;
    {
        const auto tokenizer = with_end(byte_level_json(), "<|eos|>");
        std::mutex mutex;
        std::vector<std::thread> threads;
        threads.reserve(4);
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                auto mine = Constraint::json_object(tokenizer);
                const std::lock_guard lock(mutex);
                constraints.push_back(std::move(mine));
            });
        }
        for (auto& thread : threads)
            thread.join();
    }
    std::vector<std::thread> threads;
    threads.reserve(constraints.size());
    for (auto& constraint : constraints) {
        threads.emplace_back([&constraint] {
            for (const char byte : std::string(R"({"key": [1, 2, 3]})"))
                constraint.take(static_cast<unsigned char>(byte));
        });
    }
    for (auto& thread : threads)
        thread.join();
    for (const auto& constraint : constraints)
        EXPECT_TRUE(constraint.complete());
}

}  // namespace
}  // namespace ovenbird
