#include "doctor/system_tree.hpp"

#include <sys/stat.h>

#include "doctor/made_system.hpp"

namespace ovenbird {
namespace {

TEST(SystemTreeTest, LinesAndValues) {
    MadeSystem made;
    made.file("/sys/x", "  0x8086 \nmore\n");
    made.file("/proc/cpuinfo",
              "processor\t: 0\nmodel name\t: Intel(R) Core(TM) Ultra 7\nmodel name\t: other\n");
    EXPECT_EQ(made.tree().line("/sys/x"), "0x8086");
    EXPECT_EQ(made.tree().value("/proc/cpuinfo", "model name"), "Intel(R) Core(TM) Ultra 7");
    EXPECT_EQ(made.tree().value("/proc/cpuinfo", "stepping"), "");
}

TEST(SystemTreeTest, HostileFilesSayNothing) {
    MadeSystem made;
    made.file("/huge", std::string(3 << 20, 'a'));
    made.file("/binary", std::string("\x7f"
                                     "ELF\0\xff",
                                     6));
    made.file("/colours", "\x1b[31mred\n");
    made.file("/empty", "");
    std::filesystem::create_directories(made.at("/folder"));
    made.link("/endless", "/dev/zero");
    made.link("/circle", "circle");
    ASSERT_EQ(::mkfifo(made.at("/pipe").c_str(), 0600), 0);
    for (const char* place :
         {"/huge", "/binary", "/colours", "/empty", "/folder", "/endless", "/circle", "/pipe", "/missing"}) {
        EXPECT_EQ(made.tree().line(place), "") << place;
        EXPECT_EQ(made.tree().value(place, "key"), "") << place;
        EXPECT_EQ(made.tree().names(place).size(), 0) << place;
    }
    EXPECT_EQ(made.tree().link_name("/huge"), "");
    EXPECT_EQ(made.tree().start("/huge", 100).size(), 100);
}

TEST(SystemTreeTest, Groups) {
    MadeSystem made;
    made.file("/etc/group", "root:x:0:\nbroken\nrender:x:992:ada,ben\n:::\nvideo:x:44\n");
    const auto render = find_group(made.tree(), 992);
    ASSERT_TRUE(render);
    EXPECT_EQ(render->name, "render");
    EXPECT_EQ(render->members, (std::vector<std::string>{"ada", "ben"}));
    EXPECT_TRUE(find_group(made.tree(), 44)->members.empty());
    EXPECT_FALSE(find_group(made.tree(), 7));
    EXPECT_FALSE(find_group(SystemTree(made.at("/none")), 0));
}

}  // namespace
}  // namespace ovenbird
