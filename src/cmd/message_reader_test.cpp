#include "cmd/message_reader.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

namespace ovenbird {
namespace {

class GivenLines : public LineSource {
public:
    explicit GivenLines(std::deque<Line> lines) : lines_(std::move(lines)) {}
    Line read(const std::string& prompt) override {
        prompts.push_back(prompt);
        if (lines_.empty()) return {Line::Kind::end, ""};
        const Line line = lines_.front();
        lines_.pop_front();
        return line;
    }
    void remember(const std::string& message) override { remembered.push_back(message); }
    std::vector<std::string> prompts;
    std::vector<std::string> remembered;

private:
    std::deque<Line> lines_;
};

Line line(const std::string& text) {
    return {Line::Kind::text, text};
}

std::vector<std::string> messages_of(GivenLines& lines) {
    std::vector<std::string> messages;
    for (Line next = read_message(lines); next.kind == Line::Kind::text; next = read_message(lines))
        messages.push_back(next.text);
    return messages;
}

TEST(ReadMessage, OneLineIsOneMessage) {
    GivenLines lines({line("one"), line(""), line("  "), line("two")});
    EXPECT_EQ(messages_of(lines), (std::vector<std::string>{"one", "two"}));
    EXPECT_EQ(lines.remembered, (std::vector<std::string>{"one", "two"}));
}

TEST(ReadMessage, BackslashAndQuotesGoOn) {
    GivenLines lines({line("a\\"), line("b\\"), line("c"), line("\"\"\"first"), line(""),
                      line("  last\"\"\""), line("\"\"\""), line("x\\"), line("\"\"\""),
                      line("\"\"\"short\"\"\"")});
    EXPECT_EQ(messages_of(lines), (std::vector<std::string>{"a\nb\nc", "first\n\n  last", "x\\", "short"}));
    EXPECT_EQ(lines.remembered.size(), 4U);
    EXPECT_EQ(lines.prompts[0], "> ");
    EXPECT_NE(lines.prompts[1], "> ");
}

TEST(ReadMessage, TheEndCutsShort) {
    GivenLines continued({line("a\\")});
    EXPECT_EQ(messages_of(continued), (std::vector<std::string>{"a"}));
    GivenLines quoted({line("\"\"\"a"), line("b")});
    EXPECT_EQ(messages_of(quoted), (std::vector<std::string>{"a\nb"}));
}

TEST(ReadMessage, AbandonedAsAWhole) {
    GivenLines lines({line("a\\"), {Line::Kind::abandoned, ""}, line("b")});
    EXPECT_EQ(read_message(lines).kind, Line::Kind::abandoned);
    EXPECT_EQ(read_message(lines).text, "b");
    EXPECT_EQ(read_message(lines).kind, Line::Kind::end);
}

}  // namespace
}  // namespace ovenbird
