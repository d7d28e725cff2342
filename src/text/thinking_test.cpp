#include "text/thinking.hpp"

#include <gtest/gtest.h>

#include "text/test_tokenizers.hpp"

namespace ovenbird {
namespace {

const ThinkingMarks kMarks{"<think>", "</think>", false};

// The pieces together, cut into parts of `bytes`.
std::pair<std::string, std::string> split(const std::string& text, size_t bytes, bool open = false) {
    ThinkingMarks marks = kMarks;
    marks.open = open;
    ThinkingSplitter splitter(marks);
    std::pair<std::string, std::string> all;
    const auto take = [&](const ThinkingSplitter::Piece& piece) {
        all.first += piece.thinking;
        all.second += piece.answer;
    };
    for (size_t at = 0; at < text.size(); at += bytes)
        take(splitter.push(std::string_view(text).substr(at, bytes)));
    take(splitter.finish());
    return all;
}

TEST(ThinkingSplitter, WhateverThePiecesAre) {
    using Pair = std::pair<std::string, std::string>;
    for (size_t bytes = 1; bytes < 12; ++bytes) {
        EXPECT_EQ(split("<think>\nhm\n</think>\n\nYes.", bytes), (Pair{"\nhm\n", "Yes."})) << bytes;
        EXPECT_EQ(split("\n<think>a < b</th</think>c", bytes), (Pair{"a < b</th", "c"})) << bytes;
        EXPECT_EQ(split("No marks, <think> later.", bytes), (Pair{"", "No marks, <think> later."})) << bytes;
        EXPECT_EQ(split("<thin ice", bytes), (Pair{"", "<thin ice"})) << bytes;
        EXPECT_EQ(split(" <th", bytes), (Pair{"", " <th"})) << bytes;
        EXPECT_EQ(split("<think>cut off </thi", bytes), (Pair{"cut off </thi", ""})) << bytes;
        EXPECT_EQ(split("hm</think>Yes. </think>", bytes, true), (Pair{"hm", "Yes. </think>"})) << bytes;
        EXPECT_EQ(split("", bytes), Pair());
    }
}

TEST(ThinkingSplitter, WithoutMarksAllIsTheAnswer) {
    ThinkingSplitter splitter(std::nullopt);
    EXPECT_EQ(splitter.push("<think>x").answer, "<think>x");
    EXPECT_EQ(splitter.finish().answer, "");
}

TEST(ThinkingMarks, TheTemplateTells) {
    const auto tokenizer = testing_text::load_json(testing_text::byte_level_json());
    const auto marks = [&](const char* source, const char* prompt) {
        return thinking_marks(ChatTemplate(source, "", ""), tokenizer, prompt);
    };
    EXPECT_FALSE(marks("{{ messages }}", "x"));
    EXPECT_FALSE(marks("{{ messages }}", "<think>"));
    EXPECT_EQ(marks("a </think> b", "x")->begin, "<think>");
    EXPECT_FALSE(marks("a </think> b", "x")->open);
    EXPECT_TRUE(marks("a </think> b", "x <think>\n")->open);
    EXPECT_FALSE(marks("a </think> b", "<think>\n\n</think>\n\n")->open);
    EXPECT_EQ(marks("[/THINK]", "")->end, "[/THINK]");
}

}  // namespace
}  // namespace ovenbird
