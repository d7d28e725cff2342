#pragma once
// What stands between a machine and a running model: each finding with the line that mends it.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/platform/user.hpp"
#include "doctor/hardware.hpp"
#include "doctor/windows_system.hpp"

namespace ovenbird {

enum class Health { ok, warning, problem };
/// "ok", "warning", "problem".
const char* health_name(Health health);

struct Symptom {
    std::string topic;  // "NPU device"
    Health health = Health::ok;
    std::string text;
    std::string mend;  // a command, or what to do; empty where all is well
};

/// One of OpenVINO's plugins.
struct PluginState {
    std::string name;  // "NPU"
    std::string version;
    std::string fault;                 // why it cannot be loaded; empty: it was
    std::vector<std::string> devices;  // "NPU: Intel(R) AI Boost"
};

/// A folder whose disk matters.
struct Place {
    std::string what;  // "models"
    std::filesystem::path folder;
    std::string mend;  // what makes room there
};

struct HubState {
    std::string endpoint;
    std::filesystem::path cache;
    bool has_token = false;
    bool offline = false;
    std::string fault;  // why the settings cannot be read; empty: they were
};

/// All that is looked at.
struct Machine {
    SystemTree system;                    // Linux'
    std::optional<WindowsFacts> windows;  // on Windows, where the tree is not looked at
    User user;
    std::function<bool(const std::filesystem::path&)> may_open = may_read_and_write;
    std::string openvino;  // its version
    std::vector<PluginState> plugins;
    std::vector<Place> places;
    std::filesystem::path compiled_cache;
    size_t compiled_models = 0;
    uint64_t compiled_bytes = 0;
    HubState hub;
};

struct Examination {
    Hardware hardware;
    std::string openvino;
    std::vector<PluginState> plugins;
    std::vector<Symptom> symptoms;
    bool can_run = false;  // OpenVINO sees a device
};

/// This machine as far as its system tells: the plugins, the places and the rest are the caller's.
Machine this_system();

/// Never fails: what cannot be known is a symptom that says so.
Examination examine(const Machine& machine);

Json to_json(const Examination& examination);

}  // namespace ovenbird
