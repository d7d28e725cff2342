// Made-up Windows machines; tried on every system.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "doctor/examine.hpp"
#include "doctor/test_symptoms.hpp"

namespace ovenbird {
namespace {

class MadeWindows : public WindowsSystem {
public:
    std::string text(const std::string& key, const std::string& value) const override {
        const auto found = texts(key, value);
        return found.empty() ? "" : found.front();
    }
    std::vector<std::string> texts(const std::string& key, const std::string& value) const override {
        const auto found = values.find(key + "\\" + value);
        return found == values.end() ? std::vector<std::string>() : found->second;
    }
    std::vector<PresentDevice> pci_devices() const override { return devices; }
    MachineMemory memory() const override { return made_memory; }
    std::optional<bool> runs_on_battery() const override { return battery; }
    bool has_library(const std::string& name) const override {
        return std::find(libraries.begin(), libraries.end(), name) != libraries.end();
    }

    // `number`: of its PCI device and of its key in the registry. Without a version: no driver.
    void device(const std::string& id, int number, const std::string& kind, const std::string& version,
                int problem = 0) {
        const std::string instance =
            R"(PCI\VEN_8086&DEV_)" + id + R"(&SUBSYS_00000000&REV_04\3&11583659&0&)" + std::to_string(number);
        devices.push_back({instance, problem});
        const std::string key = R"(SYSTEM\CurrentControlSet\Enum\)" + instance;
        values[key + R"(\LocationInformation)"] = {
            "@System32\\drivers\\pci.sys,#65536;PCI bus %1, device %2, function %3;(0," +
            std::to_string(number) + ",0)"};
        values[key + R"(\CompatibleIDs)"] = {R"(PCI\VEN_8086&DEV_)" + id + "&REV_04",
                                             R"(PCI\VEN_8086&CC_)" + kind};
        if (version.empty()) return;
        const std::string driver =
            R"({f01a9d53-3ff6-48d2-9f97-c8a7004be10c}\000)" + std::to_string(number % 10);
        values[key + R"(\Driver)"] = {driver};
        values[key + R"(\Service)"] = {"npu"};
        values[R"(SYSTEM\CurrentControlSet\Control\Class\)" + driver + R"(\DriverVersion)"] = {version};
    }
    void npu(const std::string& id, const std::string& version, int problem = 0) {
        device(id, 11, "1200", version, problem);
    }

    std::map<std::string, std::vector<std::string>> values{
        {R"(HARDWARE\DESCRIPTION\System\CentralProcessor\0\ProcessorNameString)",
         {"Intel(R) Core(TM) Ultra 7 258V   "}},
        {R"(SOFTWARE\Microsoft\Windows NT\CurrentVersion\CurrentBuildNumber)", {"26100"}},
        {R"(SOFTWARE\Microsoft\Windows NT\CurrentVersion\DisplayVersion)", {"24H2"}}};
    std::vector<PresentDevice> devices;
    MachineMemory made_memory{uint64_t{32} << 30, uint64_t{16} << 30};
    std::optional<bool> battery = false;
    std::vector<std::string> libraries{"ze_loader.dll", "OpenCL.dll"};
};

Machine machine_of(const MadeWindows& made) {
    Machine machine;
    machine.windows = look_at_windows(made);
    machine.openvino = "2026.4.1";
    machine.plugins = {{"NPU", "2026.4.1", "", {"NPU: Intel(R) AI Boost"}},
                       {"CPU", "2026.4.1", "", {"CPU: x"}}};
    machine.hub = {"https://hub", "hub", true, false, ""};
    return machine;
}

TEST(WindowsTest, AllIsWell) {
    MadeWindows made;
    made.npu("643E", "32.0.100.4512");
    made.device("64A0", 2, "030000", "32.0.101.7000");
    const auto found = examine(machine_of(made));
    EXPECT_TRUE(found.can_run);
    EXPECT_EQ(found.hardware.processor, "Intel(R) Core(TM) Ultra 7 258V");
    EXPECT_EQ(symptom_of(found, "NPU").text, "Lunar Lake (4000), 0x643e at 0000:00:0b.0");
    EXPECT_EQ(symptom_of(found, "NPU driver").text, "32.0.100.4512");
    EXPECT_EQ(symptom_of(found, "GPU").text, "Intel 0x64a0 at 0000:00:02.0: driver 32.0.101.7000");
    EXPECT_EQ(symptom_of(found, "system").text, "Windows 11 24H2, build 26100");
    EXPECT_EQ(symptom_of(found, "memory").text, "32.0 GiB, 16.0 GiB of it available");
    for (const auto& symptom : found.symptoms) {
        EXPECT_EQ(symptom.health, Health::ok) << symptom.topic << ": " << symptom.text;
        EXPECT_EQ(symptom.mend, "") << symptom.topic;
    }
    const Json json = to_json(found);
    EXPECT_EQ(json.at("npus").at(0).at("driver_version"), "32.0.100.4512");
    EXPECT_FALSE(json.at("npus").at(0).contains("problem"));
}

TEST(WindowsTest, EverySymptomThatIsNotWellHasItsMend) {
    MadeWindows made;
    made.npu("B03E", "", 28);
    made.device("64A0", 2, "030000", "");
    made.libraries.clear();
    made.made_memory = {};
    made.battery = std::nullopt;
    made.values.clear();
    auto machine = machine_of(made);
    machine.plugins = {
        {"NPU", "", "no plugin", {}}, {"GPU", "", "no OpenCL", {}}, {"CPU", "", "no file", {}}};
    const auto found = examine(machine);
    EXPECT_FALSE(found.can_run);
    for (const auto& symptom : found.symptoms) {
        EXPECT_EQ(symptom.health == Health::ok, symptom.mend.empty())
            << symptom.topic << ": " << symptom.text;
        for (const char* word : {"sudo", "dmesg", "/proc", ".so"})
            EXPECT_FALSE(says(symptom.text + symptom.mend, word)) << symptom.topic << ": " << symptom.mend;
    }
}

struct Judged {
    const char* id;
    const char* version;
    Health health;
    const char* says;
};

class DriverTest : public testing::TestWithParam<Judged> {};

TEST_P(DriverTest, IsJudgedByItsVersion) {
    MadeWindows made;
    made.npu(GetParam().id, GetParam().version);
    const auto symptom = symptom_of(examine(machine_of(made)), "NPU driver");
    EXPECT_EQ(symptom.health, GetParam().health) << symptom.text;
    EXPECT_TRUE(says(symptom.text, GetParam().says)) << symptom.text;
    EXPECT_EQ(symptom.health != Health::ok, says(symptom.mend, "intel-npu-driver-windows")) << symptom.mend;
}

INSTANTIATE_TEST_SUITE_P(
    All, DriverTest,
    testing::Values(Judged{"B03E", "32.0.100.4300", Health::problem, "crashes with OpenVINO 2026.4"},
                    Judged{"B03E", "32.0.100.4509", Health::problem, "Panther Lake"},
                    Judged{"FD3E", "32.0.100.4512", Health::problem, "Wildcat Lake"},
                    Judged{"B03E", "32.0.100.5539", Health::warning, "not verified"},
                    Judged{"FD3E", "32.0.100.4000", Health::warning, "not verified"},
                    Judged{"B03E", "32.0.100.5540", Health::ok, "32.0.100.5540"},
                    Judged{"B03E", "32.0.100.99999999999", Health::warning, "not known"},
                    Judged{"B03E", "33.0.100.4512", Health::warning, "not known"},
                    Judged{"B03E", "32.0.100.4512.1", Health::warning, "not known"},
                    Judged{"7D1D", "32.0.100.4300", Health::ok, "4300"},
                    Judged{"AD1D", "32.0.100.4509", Health::ok, "4509"},
                    Judged{"643E", "31.0.100.2000", Health::ok, "31.0.100.2000"},
                    Judged{"D71D", "32.0.100.6000", Health::warning, "generation"},
                    Judged{"643E", "\x1b[31m", Health::warning, "does not tell its version"}));

TEST(WindowsTest, DevicesThatWindowsDoesNotUse) {
    for (const auto& [problem, version, said, mend] :
         std::vector<std::tuple<int, std::string, const char*, const char*>>{
             {28, "", "has no driver", "intel-npu-driver-windows"},
             {0, "", "has no driver", "intel-npu-driver-windows"},
             {22, "32.0.100.5540", "disabled", "Device Manager"},
             {14, "32.0.100.5540", "restart", "restart"},
             {43, "32.0.100.5540", "code 43, driver 32.0.100.5540", "newest driver"}}) {
        MadeWindows made;
        made.npu("B03E", version, problem);
        auto machine = machine_of(made);
        machine.plugins[0].devices.clear();
        const auto found = examine(machine);
        const auto symptom = symptom_of(found, "NPU driver");
        EXPECT_EQ(symptom.health, Health::problem);
        EXPECT_TRUE(says(symptom.text, said)) << symptom.text;
        EXPECT_TRUE(says(symptom.mend, mend)) << symptom.mend;
        EXPECT_TRUE(says(symptom_of(found, "OpenVINO").mend, "above"));
    }
}

TEST(WindowsTest, GpusAreOneOfSeveral) {
    MadeWindows made;
    made.device("7D55", 2, "030000", "32.0.101.7000", 43);
    made.libraries.clear();
    const auto found = examine(machine_of(made));
    EXPECT_EQ(symptom_of(found, "GPU").health, Health::warning);
    EXPECT_EQ(symptom_of(found, "NPU").health, Health::warning);
    const auto is_opencl = [](const Symptom& symptom) { return says(symptom.text, "OpenCL.dll"); };
    EXPECT_TRUE(std::any_of(found.symptoms.begin(), found.symptoms.end(), is_opencl));
    EXPECT_EQ(to_json(found).at("gpus").at(0).at("problem"), 43);
}

TEST(WindowsTest, TheLoaderIsMissedWhereNoNpuIsSeen) {
    MadeWindows made;
    made.npu("643E", "32.0.100.5540");
    made.libraries.clear();
    auto machine = machine_of(made);
    machine.plugins[0].devices.clear();
    EXPECT_EQ(symptom_of(examine(machine), "level-zero").health, Health::problem);
}

TEST(WindowsTest, AnAcceleratorOfIntelsIsAnNpu) {
    MadeWindows made;
    made.npu("9999", "32.0.100.9000");
    EXPECT_TRUE(look_at_windows(made).hardware.npus.empty());
    made.values[R"(SYSTEM\CurrentControlSet\Enum\)" + made.devices[0].instance + R"(\ClassGUID)"] = {
        "{F01A9D53-3ff6-48d2-9f97-c8a7004be10c}"};
    const auto found = examine(machine_of(made));
    EXPECT_TRUE(says(symptom_of(found, "NPU").text, "does not know"));
    EXPECT_EQ(symptom_of(found, "NPU driver").text, "32.0.100.9000");
}

TEST(WindowsTest, Power) {
    MadeWindows made;
    made.battery = true;
    EXPECT_TRUE(says(symptom_of(examine(machine_of(made)), "power").text, "on battery"));
    made.battery = std::nullopt;
    EXPECT_TRUE(says(symptom_of(examine(machine_of(made)), "power").text, "not known"));
}

TEST(WindowsTest, HostileKeysAreNoDevices) {
    MadeWindows made;
    made.devices = {{"", 0},
                    {"PCI", 0},
                    {R"(PCI\VEN_8086&DEV_)", 0},
                    {R"(PCI\VEN_8086&DEV_64)", 0},
                    {R"(PCI\VEN_8086&DEV_6\3E)", 0},
                    {R"(PCI\VEN_10DE&DEV_643E&SUBSYS_00000000\1)", 0}};
    made.values[R"(HARDWARE\DESCRIPTION\System\CentralProcessor\0\ProcessorNameString)"] = {
        std::string(1 << 20, 'x')};
    const auto facts = look_at_windows(made);
    EXPECT_TRUE(facts.hardware.npus.empty());
    EXPECT_TRUE(facts.hardware.gpus.empty());
    EXPECT_EQ(facts.hardware.processor, "");
}

TEST(WindowsTest, LocationsThatAreNone) {
    for (const char* location : {"(", ")", "()", "(0,11)", "(0,11,)", "(0,11,0,1)", "(0,-1,0)", "(a,b,c)",
                                 "(99999999999,0,0)", "PCI bus 0"}) {
        MadeWindows made;
        made.npu("643E", "32.0.100.5540");
        made.values[R"(SYSTEM\CurrentControlSet\Enum\)" + made.devices[0].instance +
                    R"(\LocationInformation)"] = {location};
        const auto facts = look_at_windows(made);
        ASSERT_EQ(facts.hardware.npus.size(), 1);
        EXPECT_EQ(facts.hardware.npus[0].address, location);
    }
}

}  // namespace
}  // namespace ovenbird
