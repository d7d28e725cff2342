#pragma once
// For tests: a system's /sys, /proc, /dev and /etc in a folder of the test's own.

#include "base/test_folder.hpp"
#include "doctor/system_tree.hpp"

namespace ovenbird {

class MadeSystem {
public:
    SystemTree tree() const { return SystemTree(folder_.path()); }
    std::filesystem::path at(std::string_view place) const { return tree().at(place); }
    void file(std::string_view place, std::string_view content) {
        std::filesystem::create_directories(at(place).parent_path());
        write_file(at(place), content);
    }
    void link(std::string_view place, std::string_view target) {
        std::filesystem::create_directories(at(place).parent_path());
        std::filesystem::create_symlink(target, at(place));
    }
    void pci(const std::string& address, const std::string& id, const std::string& kind,
             const std::string& driver) {
        const std::string folder = "/sys/bus/pci/devices/" + address;
        file(folder + "/vendor", "0x8086\n");
        file(folder + "/device", id + "\n");
        file(folder + "/class", kind + "\n");
        if (!driver.empty()) link(folder + "/driver", "../../../bus/pci/drivers/" + driver);
    }
    /// An NPU with its driver and /dev/accel/accelN.
    void npu(const std::string& id, int number = 0) {
        const std::string address = "0000:00:0" + std::string(1, static_cast<char>('b' + number)) + ".0";
        const std::string name = "accel" + std::to_string(number);
        pci(address, id, "0x120000", "intel_vpu");
        link("/sys/class/accel/" + name + "/device", "../../../" + address);
        file("/dev/accel/" + name, "");
        file("/sys/module/intel_vpu/refcnt", "0\n");
    }
    void gpu(const std::string& address, const std::string& driver, const std::string& node) {
        pci(address, "0x64a0", "0x030000", driver);
        if (node.empty()) return;
        link("/sys/class/drm/" + node + "/device", "../../../" + address);
        file("/dev/dri/" + node, "");
    }
    void driver(const std::string& version) {
        file("/usr/lib/x86_64-linux-gnu/libze_intel_npu.so." + version, "");
        link("/usr/lib/x86_64-linux-gnu/libze_intel_npu.so.1", "libze_intel_npu.so." + version);
    }
    void loader() {
        file("/usr/lib/x86_64-linux-gnu/libze_loader.so.1.32.0", "");
        link("/usr/lib/x86_64-linux-gnu/libze_loader.so.1", "libze_loader.so.1.32.0");
    }

private:
    TestFolder folder_;
};

}  // namespace ovenbird
