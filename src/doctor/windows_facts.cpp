#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.hpp"
#include "doctor/windows_system.hpp"

namespace ovenbird {
namespace {

constexpr const char* kEnum = R"(SYSTEM\CurrentControlSet\Enum\)";
constexpr const char* kClass = R"(SYSTEM\CurrentControlSet\Control\Class\)";
constexpr size_t kMostDevices = 4096;

std::string system_text(const WindowsSystem& system, const std::string& key, const char* value) {
    return shown_text(system.text(key, value));
}

int number_of(std::string_view text) {
    int number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

// "643E" of "PCI\VEN_8086&DEV_643E&SUBSYS_…"; empty where the device is not Intel's.
std::string device_number(std::string_view instance) {
    constexpr std::string_view kIntel = R"(PCI\VEN_8086&DEV_)";
    constexpr size_t kDigits = 4;
    if (instance.substr(0, kIntel.size()) != kIntel) return {};
    std::string digits(instance.substr(kIntel.size(), kDigits));
    const auto is_hexadecimal = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    };
    if (digits.size() != kDigits || !std::all_of(digits.begin(), digits.end(), is_hexadecimal)) return {};
    for (char& c : digits)
        c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    return digits;
}

// Windows writes "@System32\drivers\pci.sys,#65536;PCI bus %1, device %2, function %3;(0,11,0)", where
// Linux has "0000:00:0b.0".
std::string address_of(const std::string& location) {
    const auto open = location.rfind('(');
    if (open == std::string::npos || location.back() != ')') return location;
    std::array<int, 3> parts{};
    const char* at = location.data() + open + 1;
    const char* end = location.data() + location.size() - 1;
    for (size_t part = 0; part < parts.size(); ++part) {
        const auto [next, error] = std::from_chars(at, end, parts[part]);
        const bool is_last = part + 1 == parts.size();
        if (error != std::errc() || (is_last ? next != end : next == end || *next != ',')) return location;
        if (parts[part] < 0) return location;
        at = is_last ? next : next + 1;
    }
    // The bus's upper bits are what Linux calls the domain.
    return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", static_cast<unsigned>(parts[0]) >> 8, parts[0] & 0xff,
                       parts[1], parts[2]);
}

// The class of its devices, as Intel's driver installs them; an NPU without a driver has none.
bool is_compute_accelerator(std::string id) {
    for (char& c : id)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return id == "{f01a9d53-3ff6-48d2-9f97-c8a7004be10c}";
}

bool is_display(const std::vector<std::string>& ids) {
    return std::any_of(ids.begin(), ids.end(),
                       [](const std::string& id) { return id.find("&CC_03") != std::string::npos; });
}

void add_device(const WindowsSystem& system, const PresentDevice& present, Hardware& hardware) {
    const std::string number = device_number(present.instance);
    if (number.empty()) return;
    const std::string key = kEnum + present.instance;
    PciDevice device;
    device.id = "0x" + number;
    device.address = address_of(system_text(system, key, "LocationInformation"));
    if (device.address.empty()) device.address = shown_text(present.instance);
    device.driver = system_text(system, key, "Service");
    device.problem = present.problem;
    const std::string installed = system_text(system, key, "Driver");
    if (!installed.empty()) device.driver_version = system_text(system, kClass + installed, "DriverVersion");
    if (const auto npu = known_npu(device)) {
        hardware.npus.push_back(*npu);
    } else if (is_compute_accelerator(system_text(system, key, "ClassGUID"))) {
        hardware.npus.push_back({device, 0, "not known to Ovenbird"});
    } else if (is_display(system.texts(key, "CompatibleIDs"))) {
        hardware.gpus.push_back(device);
    }
}

std::string release_of(const WindowsSystem& system) {
    const std::string key = R"(SOFTWARE\Microsoft\Windows NT\CurrentVersion)";
    const std::string build = system_text(system, key, "CurrentBuildNumber");
    if (build.empty()) return {};
    // Its own ProductName calls Windows 11 Windows 10.
    constexpr int kFirstBuildOf11 = 22000;
    std::string release = number_of(build) >= kFirstBuildOf11 ? "Windows 11" : "Windows 10 or older";
    const std::string version = system_text(system, key, "DisplayVersion");
    if (!version.empty()) release += " " + version;
    return release + ", build " + build;
}

}  // namespace

WindowsFacts look_at_windows(const WindowsSystem& system) {
    WindowsFacts facts;
    facts.release = release_of(system);
    facts.hardware.processor =
        system_text(system, R"(HARDWARE\DESCRIPTION\System\CentralProcessor\0)", "ProcessorNameString");
    auto devices = system.pci_devices();
    if (devices.size() > kMostDevices) devices.resize(kMostDevices);
    for (const auto& device : devices)
        add_device(system, device, facts.hardware);
    const auto by_address = [](const PciDevice& one, const PciDevice& other) {
        return one.address < other.address;
    };
    std::sort(facts.hardware.npus.begin(), facts.hardware.npus.end(), by_address);
    std::sort(facts.hardware.gpus.begin(), facts.hardware.gpus.end(), by_address);
    facts.memory = system.memory();
    facts.runs_on_battery = system.runs_on_battery();
    facts.has_level_zero = system.has_library("ze_loader.dll");
    facts.has_opencl = system.has_library("OpenCL.dll");
    return facts;
}

}  // namespace ovenbird
