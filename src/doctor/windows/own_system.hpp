#pragma once
// The Windows that this process runs on. Windows only.

#include "doctor/windows_system.hpp"

namespace ovenbird {

class OwnWindows : public WindowsSystem {
public:
    std::string text(const std::string& key, const std::string& value) const override;
    std::vector<std::string> texts(const std::string& key, const std::string& value) const override;
    std::vector<PresentDevice> pci_devices() const override;
    MachineMemory memory() const override;
    std::optional<bool> runs_on_battery() const override;
    bool has_library(const std::string& name) const override;
};

}  // namespace ovenbird
