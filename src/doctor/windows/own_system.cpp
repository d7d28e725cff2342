#include "doctor/windows/own_system.hpp"

// First windows.h, then these.
#include "base/platform/windows/system.hpp"
//
#include <devpropdef.h>
#include <setupapi.h>

#include <array>

#include "doctor/examine.hpp"

namespace ovenbird {
namespace {

constexpr DWORD kMostDevices = 4096;
// Of a value of the registry, in bytes: none that is asked for is longer.
constexpr DWORD kLongestValue = 64 << 10;

// DEVPKEY_Device_ProblemCode: mingw's headers only declare it.
constexpr DEVPROPKEY kProblemCode{
    {0x4340a6c5, 0x93fa, 0x4706, {0x97, 0x2c, 0x7b, 0x64, 0x80, 0x08, 0xa5, 0xa7}}, 3};

class DeviceSet {
public:
    DeviceSet() : set_(::SetupDiGetClassDevsW(nullptr, L"PCI", nullptr, DIGCF_PRESENT | DIGCF_ALLCLASSES)) {}
    DeviceSet(const DeviceSet&) = delete;
    DeviceSet& operator=(const DeviceSet&) = delete;
    ~DeviceSet() {
        if (valid()) ::SetupDiDestroyDeviceInfoList(set_);
    }
    bool valid() const { return set_ != INVALID_HANDLE_VALUE; }
    HDEVINFO get() const { return set_; }

private:
    HDEVINFO set_;
};

int problem_of(const DeviceSet& set, SP_DEVINFO_DATA& device) {
    DEVPROPTYPE type = 0;
    DWORD code = 0;
    const BOOL told = ::SetupDiGetDevicePropertyW(set.get(), &device, &kProblemCode, &type,
                                                  reinterpret_cast<BYTE*>(&code), sizeof code, nullptr, 0);
    return told != 0 && type == DEVPROP_TYPE_UINT32 ? static_cast<int>(code) : 0;
}

}  // namespace

std::vector<std::string> OwnWindows::texts(const std::string& key, const std::string& value) const {
    std::wstring content(kLongestValue / sizeof(wchar_t), L'\0');
    DWORD bytes = kLongestValue;
    constexpr DWORD kTexts = RRF_RT_REG_SZ | RRF_RT_REG_MULTI_SZ | RRF_RT_REG_EXPAND_SZ | RRF_NOEXPAND;
    if (::RegGetValueW(HKEY_LOCAL_MACHINE, wide(key).c_str(), wide(value).c_str(), kTexts, nullptr,
                       content.data(), &bytes) != ERROR_SUCCESS)
        return {};
    content.resize(bytes / sizeof(wchar_t));
    std::vector<std::string> found;
    for (size_t at = 0; at < content.size();) {
        const auto end = std::min(content.find(L'\0', at), content.size());
        if (end > at) found.push_back(narrow(std::wstring_view(content).substr(at, end - at)));
        at = end + 1;
    }
    return found;
}

std::string OwnWindows::text(const std::string& key, const std::string& value) const {
    const auto found = texts(key, value);
    return found.empty() ? std::string() : found.front();
}

std::vector<PresentDevice> OwnWindows::pci_devices() const {
    std::vector<PresentDevice> devices;
    const DeviceSet set;
    if (!set.valid()) return devices;
    SP_DEVINFO_DATA device{};
    device.cbSize = sizeof device;
    for (DWORD i = 0; i < kMostDevices && ::SetupDiEnumDeviceInfo(set.get(), i, &device) != 0; ++i) {
        std::array<wchar_t, 512> name{};  // MAX_DEVICE_ID_LEN is 200
        if (::SetupDiGetDeviceInstanceIdW(set.get(), &device, name.data(), static_cast<DWORD>(name.size()),
                                          nullptr) == 0)
            continue;
        devices.push_back({narrow(name.data()), problem_of(set, device)});
    }
    return devices;
}

MachineMemory OwnWindows::memory() const {
    MEMORYSTATUSEX status{};
    status.dwLength = sizeof status;
    if (::GlobalMemoryStatusEx(&status) == 0) return {};
    return {status.ullTotalPhys, status.ullAvailPhys};
}

std::optional<bool> OwnWindows::runs_on_battery() const {
    SYSTEM_POWER_STATUS status{};
    constexpr BYTE kOffline = 0;
    constexpr BYTE kOnline = 1;
    if (::GetSystemPowerStatus(&status) == 0 || status.ACLineStatus > kOnline) return std::nullopt;
    return status.ACLineStatus == kOffline;
}

bool OwnWindows::has_library(const std::string& name) const {
    std::wstring folder(MAX_PATH, L'\0');
    const UINT size = ::GetSystemDirectoryW(folder.data(), MAX_PATH);
    if (size == 0 || size >= MAX_PATH) return false;
    folder.resize(size);
    return is_there(std::filesystem::path(folder) / wide(name));
}

Machine this_system() {
    Machine machine;
    machine.user = current_user();
    machine.windows = look_at_windows(OwnWindows());
    return machine;
}

}  // namespace ovenbird
