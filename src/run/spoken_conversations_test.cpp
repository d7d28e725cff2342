#include "run/spoken_conversations.hpp"

#include <gtest/gtest.h>

#include "base/test_folder.hpp"
#include "run/test_byte_tokenizer.hpp"

namespace ovenbird {
namespace {

class SpokenConversationsTest : public testing::Test {
protected:
    // "ab" is one token (257), which a model may as well say as two.
    Tokenizer tokenizer() {
        write_file(folder_ / "tokenizer.json", byte_tokenizer(true).dump());
        return Tokenizer::load(folder_.path());
    }
    TestFolder folder_;
};

TEST_F(SpokenConversationsTest, EachGoesOnWithTheIdsThatItsAnswerHad) {
    const Tokenizer words = tokenizer();
    SpokenConversations spoken(4);
    auto one = spoken.encode(words, "one:");
    spoken.keep(words, one, {'a', 'b'});
    auto two = spoken.encode(words, "two:");
    spoken.keep(words, two, {257});
    EXPECT_EQ(spoken.encode(words, "one:ab!").ids, (std::vector<int64_t>{'o', 'n', 'e', ':', 'a', 'b', '!'}));
    EXPECT_EQ(spoken.encode(words, "two:ab!").ids, (std::vector<int64_t>{'t', 'w', 'o', ':', 257, '!'}));
    EXPECT_EQ(spoken.encode(words, "six:ab!").ids, (std::vector<int64_t>{'s', 'i', 'x', ':', 257, '!'}));
}

TEST_F(SpokenConversationsTest, OnesThatBeginAlikeStayApart) {
    const Tokenizer words = tokenizer();
    SpokenConversations spoken(4);
    spoken.keep(words, spoken.encode(words, "system. x:"), {'a', 'b'});
    spoken.keep(words, spoken.encode(words, "system. y:"), {257});
    EXPECT_EQ(spoken.encode(words, "system. x:ab?").ids.size(), 13U);
    EXPECT_EQ(spoken.encode(words, "system. y:ab?").ids.size(), 12U);
}

TEST_F(SpokenConversationsTest, TheOldestIsForgotten) {
    const Tokenizer words = tokenizer();
    SpokenConversations spoken(2);
    for (const char* name : {"one:", "two:", "six:"})
        spoken.keep(words, spoken.encode(words, name), {'a', 'b'});
    EXPECT_EQ(spoken.encode(words, "one:ab").ids.size(), 5U);
    EXPECT_EQ(spoken.encode(words, "two:ab").ids.size(), 6U);
}

}  // namespace
}  // namespace ovenbird
