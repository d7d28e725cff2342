#include "doctor/hardware.hpp"

#include "doctor/made_system.hpp"

namespace ovenbird {
namespace {

struct Generation {
    const char* id;
    int number;
    const char* family;
};

class GenerationTest : public testing::TestWithParam<Generation> {};

TEST_P(GenerationTest, IsToldByItsId) {
    MadeSystem made;
    made.npu(GetParam().id);
    const auto hardware = look_at_hardware(made.tree());
    ASSERT_EQ(hardware.npus.size(), 1);
    EXPECT_EQ(hardware.npus[0].generation, GetParam().number);
    EXPECT_EQ(hardware.npus[0].family, GetParam().family);
    EXPECT_EQ(hardware.npus[0].node, "/dev/accel/accel0");
    EXPECT_EQ(hardware.npus[0].driver, "intel_vpu");
}

INSTANTIATE_TEST_SUITE_P(
    All, GenerationTest,
    testing::Values(Generation{"0x7d1d", 3720, "Meteor Lake"}, Generation{"0xad1d", 3720, "Arrow Lake"},
                    Generation{"0x643e", 4000, "Lunar Lake"}, Generation{"0xb03e", 5010, "Panther Lake"},
                    Generation{"0xfd3e", 5020, "Wildcat Lake"}, Generation{"0xd71d", 6010, "Nova Lake"},
                    Generation{"0x9999", 0, "not known to Ovenbird"}));

TEST(HardwareTest, NothingIsNothing) {
    MadeSystem made;
    const auto hardware = look_at_hardware(made.tree());
    EXPECT_TRUE(hardware.npus.empty());
    EXPECT_TRUE(hardware.gpus.empty());
    EXPECT_EQ(hardware.processor, "");
}

TEST(HardwareTest, OthersAreNotIntels) {
    MadeSystem made;
    made.pci("0000:01:00.0", "0x643e", "0x120000", "");
    made.file("/sys/bus/pci/devices/0000:01:00.0/vendor", "0x10de\n");
    made.pci("0000:02:00.0", "0x4940", "0x120000", "4xxx");  // an accelerator, but no NPU
    made.pci("0000:03:00.0", "0x1234", "0x020000", "igc");
    EXPECT_TRUE(look_at_hardware(made.tree()).npus.empty());
    EXPECT_TRUE(look_at_hardware(made.tree()).gpus.empty());
}

TEST(HardwareTest, SeveralKeepTheirNodes) {
    MadeSystem made;
    made.npu("0x643e", 1);
    made.npu("0xb03e", 0);
    made.gpu("0000:00:02.0", "xe", "renderD129");
    made.gpu("0000:03:00.0", "i915", "renderD128");
    const auto hardware = look_at_hardware(made.tree());
    ASSERT_EQ(hardware.npus.size(), 2);
    EXPECT_EQ(hardware.npus[0].generation, 5010);
    EXPECT_EQ(hardware.npus[1].node, "/dev/accel/accel1");
    ASSERT_EQ(hardware.gpus.size(), 2);
    EXPECT_EQ(hardware.gpus[0].node, "/dev/dri/renderD129");
    EXPECT_EQ(hardware.gpus[1].driver, "i915");
}

TEST(HardwareTest, HostileFilesAreNoDevices) {
    MadeSystem made;
    made.npu("0x643e");
    made.file("/sys/bus/pci/devices/0000:00:0b.0/vendor", std::string(1 << 20, '0'));
    made.file("/sys/bus/pci/devices/flat", "no folder");
    std::filesystem::create_directories(made.at("/sys/bus/pci/devices/0000:05:00.0/vendor"));
    EXPECT_TRUE(look_at_hardware(made.tree()).npus.empty());
}

}  // namespace
}  // namespace ovenbird
