#include <algorithm>
#include <chrono>
#include <sstream>

#include "base/error.hpp"
#include "device/c_api.hpp"
#include "device/reason.hpp"

namespace ovenbird {
namespace {

std::vector<std::string> visible_devices() {
    ov_available_devices_t list{};
    demand(ov_core_get_available_devices(core(), &list));
    std::vector<std::string> devices(list.devices, list.devices + list.size);
    ov_available_devices_free(&list);
    return devices;
}

std::string why_absent(const std::string& device) {
    std::string seen;
    for (const auto& name : visible_devices())
        seen += (seen.empty() ? "" : ", ") + name;
    std::string reason = fmt::format("no such device is visible here (visible: {})", seen);
    if (device_family(device) == "NPU") reason += "; is the NPU driver installed?";
    return reason;
}

bool is_available(const std::string& device) {
    const auto available = visible_devices();
    return std::any_of(available.begin(), available.end(), [&](const std::string& name) {
        return name == device || device_family(name) == device ||
               device_family(name) == device_family(device);
    });
}

std::string plugin_version(const std::string& device) {
    ov_core_version_list_t list{};
    demand(ov_core_get_versions_by_device_name(core(), device.c_str(), &list));
    std::string version;
    for (size_t i = 0; i < list.size; ++i)
        version = list.versions[i].version.buildNumber;
    ov_core_versions_free(&list);
    return version;
}

// "0 1": the devices of one plugin.
std::vector<std::string> ids_of(const std::string& plugin) {
    std::istringstream words(core_property(plugin, "AVAILABLE_DEVICES"));
    std::vector<std::string> ids;
    for (std::string word; words >> word;)
        ids.push_back(word);
    return ids;
}

std::string full_name(const std::string& device) {
    return core_property(device, "FULL_DEVICE_NAME");
}

}  // namespace

std::string device_family(const std::string& device) {
    return device.substr(0, device.find('.'));
}

OpenedDevice open_on_first(const std::vector<std::string>& devices,
                           const std::function<void(const std::string&)>& open) {
    if (devices.empty()) fail(ErrorCode::usage, "no device given; use for example --device NPU,GPU,CPU");
    OpenedDevice opened;
    const auto start = std::chrono::steady_clock::now();
    for (const auto& device : devices) {
        if (!is_available(device)) {
            opened.passed_over.push_back({device, why_absent(device)});
            continue;
        }
        try {
            open(device);
        } catch (const Error& error) {
            if (error.code() != ErrorCode::device) throw;  // the folder's fault, not the device's
            opened.passed_over.push_back({device, error.what()});
            continue;
        } catch (const std::exception& error) {
            opened.passed_over.push_back({device, one_line_reason(error.what())});
            continue;
        }
        const auto elapsed = std::chrono::steady_clock::now() - start;
        opened.seconds = std::chrono::duration<double>(elapsed).count();
        return opened;
    }
    std::string list;
    for (const auto& passed : opened.passed_over)
        list += fmt::format("\n  {}: {}", passed.device, passed.reason);
    fail(ErrorCode::device, "no device took the model:{}", list);
}

int npu_platform(const std::string& device) {
    return platform_of(core_property(device, "DEVICE_ARCHITECTURE"));
}

HostMemory host_memory_of(const std::string& device) {
    if (device_family(device) == "CPU") return nullptr;
    const std::shared_ptr<ov_remote_context_t> context =
        handle<ov_remote_context_t>(ov_remote_context_free, [&](ov_remote_context_t** made) {
            return ov_core_get_default_context(core(), device.c_str(), made);
        });
    return
        [context](ElementType type, const Shape& shape) { return host_tensor(context.get(), type, shape); };
}

std::vector<std::pair<std::string, std::string>> available_devices() {
    std::vector<std::pair<std::string, std::string>> devices;
    for (const auto& name : visible_devices())
        devices.emplace_back(name, full_name(name));
    return devices;
}

std::string openvino_version() {
    ov_version_t version{};
    demand(ov_get_openvino_version(&version));
    std::string build = version.buildNumber;
    ov_version_free(&version);
    return build;
}

std::vector<RuntimePlugin> runtime_plugins() {
    std::vector<RuntimePlugin> plugins;
    for (const char* name : {"NPU", "GPU", "CPU"}) {
        RuntimePlugin& plugin = plugins.emplace_back(RuntimePlugin{name, {}, {}, {}});
        try {
            plugin.version = plugin_version(name);
            const auto ids = ids_of(name);
            // The CPU has no ids: it is there.
            if (ids.empty() && plugin.name == "CPU") plugin.devices.push_back("CPU: " + full_name("CPU"));
            for (const auto& id : ids) {
                const std::string device =
                    ids.size() == 1 ? std::string(name) : fmt::format("{}.{}", name, id);
                plugin.devices.push_back(device + ": " + full_name(device));
            }
        } catch (const std::exception& error) {
            plugin.fault = one_line_reason(error.what());
        }
    }
    return plugins;
}

}  // namespace ovenbird
