#pragma once
// What Windows says of the machine that it runs on, by a few calls that a test may make up; and what is read
// out of it.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "doctor/hardware.hpp"

namespace ovenbird {

/// A device that is plugged in: Windows' registry remembers those as well that once were.
struct PresentDevice {
    std::string instance;  // R"(PCI\VEN_8086&DEV_643E&SUBSYS_…&REV_04\3&11583659&0&58)"
    int problem = 0;       // Device Manager's code; 0: none
};

/// Nothing here throws: what is missing or refused is as if it said nothing.
class WindowsSystem {
public:
    virtual ~WindowsSystem() = default;
    /// A text of HKEY_LOCAL_MACHINE; of several the first. Empty where there is none.
    virtual std::string text(const std::string& key, const std::string& value) const = 0;
    /// The texts of a value that has several; one where it has one.
    virtual std::vector<std::string> texts(const std::string& key, const std::string& value) const = 0;
    /// Those on PCI, in any order.
    virtual std::vector<PresentDevice> pci_devices() const = 0;
    virtual MachineMemory memory() const = 0;
    /// Nothing where it is not known.
    virtual std::optional<bool> runs_on_battery() const = 0;
    /// Whether a file of this name is in System32.
    virtual bool has_library(const std::string& name) const = 0;
};

struct WindowsFacts {
    std::string release;  // "Windows 11 24H2, build 26100"; empty: not known
    Hardware hardware;
    MachineMemory memory;
    std::optional<bool> runs_on_battery;
    bool has_level_zero = false;  // ze_loader.dll
    bool has_opencl = false;      // OpenCL.dll
};

WindowsFacts look_at_windows(const WindowsSystem& system);

}  // namespace ovenbird
