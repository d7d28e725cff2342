// Memory, disks, caches and the hub.

#include <charconv>

#include "base/error.hpp"
#include "base/platform/files.hpp"
#include "doctor/parts.hpp"

namespace ovenbird {
namespace {

constexpr uint64_t kGiB = uint64_t{1} << 30;
// A model of 7 to 8 billion parameters takes about 4.5 GiB, on the disk and in memory.
constexpr uint64_t kRoomForModel = 6 * kGiB;

double gib(uint64_t bytes) {
    return static_cast<double>(bytes) / static_cast<double>(kGiB);
}

// "  24606508 kB" of /proc/meminfo, in bytes; 0 where it says nothing.
uint64_t memory_bytes(const SystemTree& system, const char* key) {
    const std::string text = system.value("/proc/meminfo", key);
    uint64_t kib = 0;
    std::from_chars(text.data(), text.data() + text.size(), kib);
    return kib > UINT64_MAX / 1024 ? 0 : kib * 1024;
}

MachineMemory memory_of(const SystemTree& system) {
    return {memory_bytes(system, "MemTotal"), memory_bytes(system, "MemAvailable")};
}

// That the system does not tell of the memory.
Symptom no_memory(bool on_windows) {
    if (on_windows) {
        return {"memory", Health::warning, "Windows does not tell how much there is",
                "models run, but nothing can warn of too little memory"};
    }
    return {"memory", Health::warning, "/proc/meminfo does not tell how much there is",
            "mount /proc; models run, but nothing can warn of too little memory"};
}

Symptom examine_memory(const Machine& machine) {
    const auto [total, available] = machine.windows ? machine.windows->memory : memory_of(machine.system);
    if (total == 0) return no_memory(machine.windows.has_value());
    const std::string text =
        fmt::format("{:.1f} GiB, {:.1f} GiB of it available", gib(total), gib(available));
    if (available >= kRoomForModel) return {"memory", Health::ok, text, {}};
    return {"memory", Health::warning, text + "; a model of 7 billion parameters takes about 4.5 GiB",
            "close other programs, or take a smaller model"};
}

Symptom examine_disk(const Place& place) {
    const std::string name = fmt::format("{} in {}", place.what, place.folder.string());
    try {
        const uint64_t free = free_disk_bytes(place.folder);
        const std::string text = fmt::format("{}: {:.1f} GiB free", name, gib(free));
        if (free >= kRoomForModel) return {"disk", Health::ok, text, {}};
        return {"disk", Health::warning, text + "; a model of 7 billion parameters takes about 4.5 GiB",
                place.mend};
    } catch (const Error& error) {
        return {"disk", Health::warning, fmt::format("{}: {}", name, error.what()), place.mend};
    }
}

Symptom examine_hub(const HubState& hub) {
    if (!hub.fault.empty())
        return {"hub", Health::problem, hub.fault, "unset HF_ENDPOINT, or give it a whole address"};
    return {
        "hub",
        Health::ok,
        fmt::format("{}, {}, files in {}{}", hub.endpoint, hub.has_token ? "with a token" : "without a token",
                    hub.cache.string(), hub.offline ? ", not asked: HF_HUB_OFFLINE is set" : ""),
        {}};
}

}  // namespace

void examine_resources(const Machine& machine, Symptoms& symptoms) {
    symptoms.push_back(examine_memory(machine));
    for (const auto& place : machine.places)
        symptoms.push_back(examine_disk(place));
    symptoms.push_back(
        {"compiled models",
         Health::ok,
         fmt::format("{} in {}, {:.1f} MiB", machine.compiled_models, machine.compiled_cache.string(),
                     static_cast<double>(machine.compiled_bytes) / (1 << 20)),
         {}});
    symptoms.push_back(examine_hub(machine.hub));
}

}  // namespace ovenbird
