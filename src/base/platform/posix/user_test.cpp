#include "base/platform/user.hpp"

#include <unistd.h>

#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

TEST(UserTest, KnowsItsGroups) {
    const User user = current_user();
    EXPECT_FALSE(user.name.empty());
    EXPECT_NE(std::find(user.groups.begin(), user.groups.end(), ::getegid()), user.groups.end());
}

TEST(UserTest, SaysWhatMayBeOpened) {
    TestFolder folder;
    write_file(folder / "own", "x");
    EXPECT_TRUE(may_read_and_write(folder / "own"));
    EXPECT_EQ(group_of_file(folder / "own"), ::getegid());
    EXPECT_FALSE(may_read_and_write(folder / "missing"));
    EXPECT_FALSE(group_of_file(folder / "missing"));
}

}  // namespace
}  // namespace ovenbird
