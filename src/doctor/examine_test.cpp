#include "doctor/examine.hpp"

#include "doctor/made_system.hpp"
#include "doctor/test_symptoms.hpp"

namespace ovenbird {
namespace {

Machine healthy(const MadeSystem& made) {
    Machine machine;
    machine.system = made.tree();
    machine.user = {"ada", {1000}};
    machine.may_open = [](const std::filesystem::path&) { return true; };
    machine.openvino = "2026.4.1";
    machine.plugins = {{"NPU", "2026.4.1", "", {"NPU: Intel(R) AI Boost"}},
                       {"CPU", "2026.4.1", "", {"CPU: x"}}};
    machine.places = {{"models", made.at("/home/ada"), "make room"}};
    machine.hub = {"https://hub", "/home/ada/hub", true, false, ""};
    return machine;
}

// A machine with a Lunar Lake, on which all is well.
void install(MadeSystem& made) {
    made.npu("0x643e");
    made.driver("1.38.0");
    made.loader();
    made.file("/proc/meminfo", "MemTotal:       33554432 kB\nMemAvailable:   16777216 kB\n");
    made.file("/proc/sys/kernel/osrelease", "6.12.0\n");
    std::filesystem::create_directories(made.at("/home/ada"));
}

TEST(ExamineTest, AllIsWell) {
    MadeSystem made;
    install(made);
    const auto found = examine(healthy(made));
    EXPECT_TRUE(found.can_run);
    EXPECT_TRUE(says(symptom_of(found, "NPU").text, "Lunar Lake (4000)"));
    for (const char* topic : {"NPU", "NPU kernel driver", "NPU device", "NPU driver", "level-zero", "GPU",
                              "OpenVINO", "memory", "hub"}) {
        const Symptom symptom = symptom_of(found, topic);
        EXPECT_EQ(symptom.health, Health::ok) << topic << ": " << symptom.text;
        EXPECT_EQ(symptom.mend, "") << topic;
    }
}

TEST(ExamineTest, EverySymptomThatIsNotWellHasItsMend) {
    MadeSystem made;  // nothing anywhere
    auto machine = healthy(made);
    machine.plugins = {
        {"NPU", "", "no plugin", {}}, {"GPU", "", "no OpenCL", {}}, {"CPU", "", "no file", {}}};
    machine.hub.fault = "HF_ENDPOINT is 'x'";
    const auto found = examine(machine);
    EXPECT_FALSE(found.can_run);
    EXPECT_EQ(symptom_of(found, "NPU").health, Health::warning);
    EXPECT_EQ(symptom_of(found, "OpenVINO").health, Health::problem);
    EXPECT_EQ(symptom_of(found, "hub").health, Health::problem);
    for (const auto& symptom : found.symptoms)
        EXPECT_EQ(symptom.health == Health::ok, symptom.mend.empty())
            << symptom.topic << ": " << symptom.text;
}

TEST(ExamineTest, KernelDrivers) {
    MadeSystem made;
    made.pci("0000:00:0b.0", "0x7d1d", "0x120000", "");
    auto symptom = symptom_of(examine(healthy(made)), "NPU kernel driver");
    EXPECT_EQ(symptom.health, Health::problem);
    EXPECT_TRUE(says(symptom.mend, "modprobe intel_vpu"));
    made.file("/sys/module/intel_vpu/refcnt", "0");
    symptom = symptom_of(examine(healthy(made)), "NPU kernel driver");
    EXPECT_TRUE(says(symptom.text, "did not take 0000:00:0b.0"));
    made.link("/sys/bus/pci/devices/0000:00:0b.0/driver", "../vfio-pci");
    symptom = symptom_of(examine(healthy(made)), "NPU kernel driver");
    EXPECT_TRUE(says(symptom.text, "vfio-pci"));
    std::filesystem::remove(made.at("/sys/bus/pci/devices/0000:00:0b.0/driver"));
    made.link("/sys/bus/pci/devices/0000:00:0b.0/driver", "../intel_vpu");
    EXPECT_TRUE(says(symptom_of(examine(healthy(made)), "NPU device").mend, "firmware"));
}

TEST(ExamineTest, DeviceFilesAndGroups) {
    MadeSystem made;
    install(made);
    auto machine = healthy(made);
    machine.may_open = [](const std::filesystem::path&) { return false; };
    const std::string number = std::to_string(group_of_file(made.at("/dev/accel/accel0")).value());
    auto symptom = symptom_of(examine(machine), "NPU device");
    EXPECT_EQ(symptom.mend, "in a container: start it with --group-add " + number);
    made.file("/etc/group", "render:x:" + number + ":ben\n");
    symptom = symptom_of(examine(machine), "NPU device");
    EXPECT_EQ(symptom.mend, "sudo usermod -aG render ada, then log in again");
    made.file("/etc/group", "render:x:" + number + ":ben,ada\n");
    EXPECT_EQ(symptom_of(examine(machine), "NPU device").mend,
              "log in again, or for one shell: newgrp render");
    machine.user.groups.push_back(group_of_file(made.at("/dev/accel/accel0")).value());
    EXPECT_TRUE(says(symptom_of(examine(machine), "NPU device").mend, "chmod 660"));
    std::filesystem::remove(made.at("/dev/accel/accel0"));
    symptom = symptom_of(examine(machine), "NPU device");
    EXPECT_TRUE(says(symptom.mend, "--device /dev/accel/accel0"));
}

TEST(ExamineTest, DriverVersions) {
    MadeSystem made;
    made.npu("0x643e");
    auto machine = healthy(made);
    machine.plugins[0].devices.clear();
    EXPECT_EQ(symptom_of(examine(machine), "NPU driver").health, Health::problem);
    EXPECT_EQ(symptom_of(examine(machine), "level-zero").health, Health::problem);
    EXPECT_TRUE(says(symptom_of(examine(machine), "OpenVINO").mend, "above"));
    made.file("/usr/lib/x86_64-linux-gnu/libze_intel_vpu.so.1", "");
    EXPECT_TRUE(says(symptom_of(examine(machine), "NPU driver").text, "before 1.16"));
    EXPECT_EQ(symptom_of(examine(machine), "NPU driver").health, Health::problem);
    made.driver("1.28.0");
    EXPECT_TRUE(says(symptom_of(examine(machine), "NPU driver").text, "1.28.0"));
    const auto found = examine(machine);
    EXPECT_TRUE(std::any_of(found.symptoms.begin(), found.symptoms.end(), [](const Symptom& symptom) {
        return symptom.mend == "sudo rm /usr/lib/x86_64-linux-gnu/libze_intel_vpu.so.1*";
    }));
    EXPECT_EQ(symptom_of(examine(machine), "NPU driver").health, Health::warning);
    EXPECT_TRUE(says(symptom_of(examine(machine), "NPU driver").text, "1.28.0 is older"));
}

TEST(ExamineTest, Loaders) {
    for (const auto& [file, health] :
         std::vector<std::pair<std::string, Health>>{{"libze_loader.so.1.8.12", Health::problem},
                                                     {"libze_loader.so.1.17.16", Health::problem},
                                                     {"libze_loader.so.1.17.17", Health::ok},
                                                     {"libze_loader.so.1.32", Health::ok},
                                                     {"libze_loader.so.1.x", Health::ok},
                                                     {"elsewhere.so.0.1", Health::ok}}) {
        MadeSystem made;
        made.npu("0x643e");
        made.link("/usr/lib/libze_loader.so.1", file);
        made.file("/usr/lib/" + file, "");
        auto machine = healthy(made);
        machine.plugins[0].devices.clear();
        const Symptom symptom = symptom_of(examine(machine), "level-zero");
        EXPECT_EQ(symptom.health, health) << file << ": " << symptom.text;
    }
}

TEST(ExamineTest, DriverVersionsThatOnlyDpkgKnows) {
    MadeSystem made;
    made.npu("0x643e");
    made.file("/usr/lib/libze_intel_npu.so.1", "");
    EXPECT_TRUE(says(symptom_of(examine(healthy(made)), "NPU driver").text, "neither"));
    made.file("/var/lib/dpkg/status",
              "Package: intel-fw-npu\nStatus: install ok installed\nVersion: 1.2.0\n\n"
              "Package: intel-level-zero-npu\nStatus: deinstall ok config-files\nVersion: 1.3.0\n\n");
    EXPECT_TRUE(says(symptom_of(examine(healthy(made)), "NPU driver").text, "neither"));
    made.file("/var/lib/dpkg/status",
              "Package: intel-level-zero-npu\nStatus: install ok installed\nVersion: 1.40.0.20261001-1\n\n");
    EXPECT_EQ(symptom_of(examine(healthy(made)), "NPU driver").health, Health::ok);
    made.file("/var/lib/dpkg/status",
              "Package: intel-level-zero-npu\nStatus: install ok installed\nVersion: 99999999999.x\n\n");
    EXPECT_EQ(symptom_of(examine(healthy(made)), "NPU driver").health, Health::warning);
}

TEST(ExamineTest, TheNewestGenerationIsNotVerified) {
    MadeSystem made;
    install(made);
    made.npu("0xd71d", 1);
    EXPECT_TRUE(says(symptom_of(examine(healthy(made)), "NPU driver").text, "not for this NPU's generation"));
}

TEST(ExamineTest, Gpus) {
    MadeSystem made;
    made.gpu("0000:00:02.0", "", "");
    EXPECT_TRUE(says(symptom_of(examine(healthy(made)), "GPU").mend, "modprobe xe"));
    MadeSystem other;
    other.gpu("0000:00:02.0", "xe", "renderD128");
    other.gpu("0000:03:00.0", "i915", "");
    auto machine = healthy(other);
    machine.plugins.push_back({"GPU", "", "libOpenCL.so.1 is missing", {}});
    EXPECT_TRUE(says(symptom_of(examine(machine), "GPU").text, "no render node"));
    EXPECT_TRUE(says(symptom_of(examine(machine), "OpenVINO").mend, "intel-opencl-icd"));
}

TEST(ExamineTest, MemoryAndDisk) {
    MadeSystem made;
    EXPECT_EQ(symptom_of(examine(healthy(made)), "memory").health, Health::warning);
    made.file("/proc/meminfo", "MemTotal: 8388608 kB\nMemAvailable: 1048576 kB\n");
    EXPECT_TRUE(says(symptom_of(examine(healthy(made)), "memory").text, "8.0 GiB, 1.0 GiB"));
    made.file("/proc/meminfo", "MemTotal: 99999999999999999999 kB\n");
    EXPECT_EQ(symptom_of(examine(healthy(made)), "memory").health, Health::warning);
    EXPECT_TRUE(says(symptom_of(examine(healthy(made)), "disk").text, "GiB free"));
}

TEST(ExamineTest, JsonHoldsEverySymptom) {
    MadeSystem made;
    install(made);
    const auto found = examine(healthy(made));
    const Json json = to_json(found);
    EXPECT_EQ(json.at("findings").size(), found.symptoms.size());
    EXPECT_EQ(json.at("npus").at(0).at("generation"), 4000);
    EXPECT_EQ(json.at("plugins").at(0).at("name"), "NPU");
    EXPECT_EQ(json.at("can_run"), true);
}

}  // namespace
}  // namespace ovenbird
