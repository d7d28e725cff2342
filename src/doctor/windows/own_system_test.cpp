#include "doctor/windows/own_system.hpp"

#include <gtest/gtest.h>

#include "doctor/examine.hpp"

namespace ovenbird {
namespace {

TEST(OwnWindowsTest, TellsOfItself) {
    const OwnWindows system;
    EXPECT_GT(system.memory().total, uint64_t{1} << 28);
    EXPECT_LE(system.memory().available, system.memory().total);
    EXPECT_TRUE(system.has_library("kernel32.dll"));
    EXPECT_FALSE(system.has_library("no_such_library.dll"));
    const auto facts = look_at_windows(system);
    EXPECT_NE(facts.hardware.processor, "");
    EXPECT_NE(facts.release.find("build "), std::string::npos) << facts.release;
}

TEST(OwnWindowsTest, WhatIsNotThereSaysNothing) {
    const OwnWindows system;
    EXPECT_EQ(system.text(R"(SOFTWARE\no\such\key)", "value"), "");
    EXPECT_EQ(system.text(R"(HARDWARE\DESCRIPTION\System\CentralProcessor\0)", "no such value"), "");
    // A number is no text.
    EXPECT_EQ(system.text(R"(HARDWARE\DESCRIPTION\System\CentralProcessor\0)", "~MHz"), "");
}

TEST(OwnWindowsTest, DevicesAreOnPci) {
    for (const auto& device : OwnWindows().pci_devices())
        EXPECT_EQ(device.instance.rfind("PCI\\", 0), 0) << device.instance;
}

TEST(OwnWindowsTest, IsExamined) {
    const auto machine = this_system();
    ASSERT_TRUE(machine.windows);
    EXPECT_NE(machine.user.name, "");
    const auto found = examine(machine);
    EXPECT_EQ(found.hardware.processor, machine.windows->hardware.processor);
}

}  // namespace
}  // namespace ovenbird
