#include "base/cut_text.hpp"

#include <gtest/gtest.h>

namespace ovenbird {
namespace {

TEST(CutText, NeverWithinACharacter) {
    EXPECT_EQ(cut_text("", 0), "");
    EXPECT_EQ(cut_text("abc", 3), "abc");
    EXPECT_EQ(cut_text("abcd", 3), "abc…");
    EXPECT_EQ(cut_text("aé🦜", 7), "aé🦜");
    for (const size_t bytes : {3U, 4U, 5U, 6U})
        EXPECT_EQ(cut_text("aé🦜", bytes), "aé…");
    EXPECT_EQ(cut_text("aé🦜", 2), "a…");
    EXPECT_EQ(cut_text("🦜", 3), "…");
}

}  // namespace
}  // namespace ovenbird
