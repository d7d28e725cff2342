// Windows' drivers of NPUs and GPUs, and the libraries that come with them.

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.hpp"
#include "doctor/parts.hpp"

namespace ovenbird {
namespace {

constexpr const char* kNpuPage =
    "https://www.intel.com/content/www/us/en/download/794734/intel-npu-driver-windows.html";
constexpr const char* kGpuPage =
    "https://www.intel.com/content/www/us/en/download/785597/intel-arc-graphics-windows.html";

// With OpenVINO 2026.4 these end the process on the NPUs of Core Ultra Series 3, and the first sound one does
// not; what lies between was not tried.
constexpr std::array kCrashingBuilds{4300, 4509, 4512};
constexpr int kFirstSoundBuild = 5540;
constexpr std::array kGenerationsThatCrash{5010, 5020};
constexpr int kLastVerifiedGeneration = 5020;

template <size_t size>
bool is_among(const std::array<int, size>& numbers, int number) {
    return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

// 4512 of "32.0.100.4512"; nothing where it is no such version.
std::optional<int> npu_build(const std::string& version) {
    constexpr std::string_view kSeries = "32.0.100.";
    if (version.rfind(kSeries, 0) != 0) return std::nullopt;
    int build = 0;
    const char* end = version.data() + version.size();
    const auto [next, error] = std::from_chars(version.data() + kSeries.size(), end, build);
    if (error != std::errc() || next != end) return std::nullopt;
    return build;
}

std::string install_npu_driver() {
    return fmt::format("install 32.0.100.{} or newer: {}", kFirstSoundBuild, kNpuPage);
}

Symptom judge_npu_driver(const Npu& npu) {
    const std::string topic = "NPU driver";
    const std::string& version = npu.driver_version;
    const std::string if_refused = fmt::format("if models are refused, install the newest of {}", kNpuPage);
    if (version.empty()) {
        return {topic, Health::warning, "it is installed, but does not tell its version", if_refused};
    }
    if (npu.generation > kLastVerifiedGeneration) {
        return {topic, Health::warning, version + "; none is verified for this NPU's generation", if_refused};
    }
    if (!is_among(kGenerationsThatCrash, npu.generation)) return {topic, Health::ok, version, {}};
    const auto build = npu_build(version);
    if (!build) {
        // A newer series than the one that is known.
        return {topic, Health::warning,
                fmt::format("{} is not known; OpenVINO 2026.4 runs with 32.0.100.{} and newer", version,
                            kFirstSoundBuild),
                if_refused};
    }
    if (is_among(kCrashingBuilds, *build)) {
        return {topic, Health::problem,
                fmt::format("{} crashes with OpenVINO 2026.4 on this NPU ({}, Core Ultra Series 3)", version,
                            npu.family),
                install_npu_driver()};
    }
    if (*build < kFirstSoundBuild) {
        return {topic, Health::warning,
                fmt::format("{} is not verified on this NPU ({}), and others below 32.0.100.{} crash with "
                            "OpenVINO 2026.4",
                            version, npu.family, kFirstSoundBuild),
                install_npu_driver()};
    }
    return {topic, Health::ok, version, {}};
}

// Device Manager's codes, as far as they tell what to do.
constexpr int kIsDisabled = 22;
constexpr int kHasNoDriver = 28;
constexpr int kNeedsRestart = 14;

// What keeps Windows from using a device; nothing where it does. `name` for the words.
std::optional<Symptom> judge_state(const PciDevice& device, const std::string& name, const char* page) {
    if (device.problem == kHasNoDriver || (device.driver.empty() && device.driver_version.empty())) {
        return Symptom{{}, Health::problem, name + " has no driver", fmt::format("install it: {}", page)};
    }
    if (device.problem == kIsDisabled) {
        return Symptom{
            {}, Health::problem, name + " is disabled", "switch it on in Device Manager (devmgmt.msc)"};
    }
    if (device.problem == kNeedsRestart) {
        return Symptom{{}, Health::problem, name + " waits for a restart", "restart Windows"};
    }
    if (device.problem != 0) {
        return Symptom{
            {},
            Health::problem,
            fmt::format("{} does not work: Device Manager's code {}{}", name, device.problem,
                        device.driver_version.empty() ? "" : ", driver " + device.driver_version),
            fmt::format("restart Windows; where that does not help, install the newest driver: {}", page)};
    }
    return std::nullopt;
}

void examine_npu(const Npu& npu, Symptoms& symptoms) {
    symptoms.push_back(describe_npu(npu));
    if (auto state = judge_state(npu, "the NPU at " + npu.address, kNpuPage)) {
        state->topic = "NPU driver";
        symptoms.push_back(*state);
        return;
    }
    symptoms.push_back(judge_npu_driver(npu));
}

void examine_loader(const Machine& machine, const WindowsFacts& facts, Symptoms& symptoms) {
    if (facts.has_level_zero) {
        symptoms.push_back({"level-zero", Health::ok, "ze_loader.dll is in System32", {}});
    } else if (!is_visible(machine, "NPU")) {
        symptoms.push_back({"level-zero", Health::problem,
                            "ze_loader.dll is not in System32; OpenVINO reaches the NPU through it",
                            fmt::format("it comes with the NPU's driver: {}", kNpuPage)});
    }
}

void examine_gpu(const PciDevice& gpu, Symptoms& symptoms) {
    const std::string name = fmt::format("Intel {} at {}", gpu.id, gpu.address);
    if (auto state = judge_state(gpu, name, kGpuPage)) {
        state->topic = "GPU";
        state->health = Health::warning;  // one of several devices
        symptoms.push_back(*state);
        return;
    }
    const std::string version =
        gpu.driver_version.empty() ? "its driver tells no version" : "driver " + gpu.driver_version;
    symptoms.push_back({"GPU", Health::ok, name + ": " + version, {}});
}

}  // namespace

void examine_windows_devices(const Machine& machine, const WindowsFacts& facts, Symptoms& symptoms) {
    const Hardware& hardware = facts.hardware;
    for (const auto& npu : hardware.npus)
        examine_npu(npu, symptoms);
    if (hardware.npus.empty()) {
        symptoms.push_back(no_npu());
    } else {
        examine_loader(machine, facts, symptoms);
    }
    for (const auto& gpu : hardware.gpus)
        examine_gpu(gpu, symptoms);
    if (hardware.gpus.empty()) {
        symptoms.push_back(no_gpu());
    } else if (!facts.has_opencl && !is_visible(machine, "GPU")) {
        symptoms.push_back({"GPU", Health::warning,
                            "OpenCL.dll is not in System32; OpenVINO reaches the GPU through it",
                            fmt::format("it comes with the GPU's driver: {}", kGpuPage)});
    }
}

const PluginMends& windows_mends() {
    static const PluginMends mends{
        "install Ovenbird again: openvino_intel_cpu_plugin.dll belongs beside openvino.dll",
        fmt::format("install Intel's graphics driver: {}", kGpuPage),
        "restart Windows after a driver's installation; Device Manager shows the NPU among the neural "
        "processors"};
    return mends;
}

Symptom examine_power(const WindowsFacts& facts) {
    if (!facts.runs_on_battery) return {"power", Health::ok, "its source is not known", {}};
    // No fault, so nothing to mend.
    return {"power",
            Health::ok,
            *facts.runs_on_battery ? "on battery: what is measured now may be slower than plugged in"
                                   : "plugged in",
            {}};
}

}  // namespace ovenbird
