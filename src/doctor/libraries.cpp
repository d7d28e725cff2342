// The libraries through which OpenVINO reaches an NPU on Linux: its user-space driver, and level-zero's
// loader of drivers.

#include <array>
#include <charconv>
#include <sstream>

#include "base/error.hpp"
#include "doctor/parts.hpp"

namespace ovenbird {
namespace {

constexpr std::array<std::string_view, 7> kLibraryFolders{"/usr/local/lib",
                                                          "/usr/local/lib64",
                                                          "/usr/local/lib/x86_64-linux-gnu",
                                                          "/usr/lib/x86_64-linux-gnu",
                                                          "/usr/lib64",
                                                          "/usr/lib",
                                                          "/lib/x86_64-linux-gnu"};
constexpr const char* kDriverPage = "https://github.com/intel/linux-npu-driver/releases";
constexpr const char* kLoaderMend =
    "sudo apt install libze1 where it is 1.17.17 or newer (Debian 13 has it), else level-zero from "
    "https://github.com/oneapi-src/level-zero/releases";

using Version = std::array<int, 3>;
// What OpenVINO 2026.4 was verified with, for Meteor to Wildcat Lake.
constexpr Version kVerifiedDriver{1, 38, 0};
constexpr int kLastVerifiedGeneration = 5020;
// The first loader that knows libze_intel_npu; before, the driver was libze_intel_vpu.
constexpr Version kFirstLoader{1, 17, 17};

// A library of some folder where the loader looks.
struct Library {
    std::string place;    // empty: not found
    std::string version;  // of the file that it is a link to, "1.38.0"; empty: its name tells none
};

Library find_library(const SystemTree& system, const std::string& soname) {
    for (const auto folder : kLibraryFolders) {
        const std::string place = std::string(folder) + "/" + soname;
        if (!system.has(place)) continue;
        const std::string file = system.link_name(place);
        const std::string stem = soname.substr(0, soname.rfind('.') + 1);  // "libze_loader.so."
        const bool tells = file.size() > soname.size() && file.rfind(stem, 0) == 0;
        return {place, tells ? file.substr(stem.size()) : std::string()};
    }
    return {};
}

// The version of a package that dpkg has installed; empty where it has not, or there is no dpkg.
std::string package_version(const SystemTree& system, const std::string& package) {
    std::istringstream stream(system.start("/var/lib/dpkg/status", size_t{64} << 20));
    bool here = false;
    bool installed = false;
    for (std::string line; std::getline(stream, line);) {
        if (line.rfind("Package: ", 0) == 0) {
            here = line.substr(9) == package;
            installed = false;
        } else if (here && line.rfind("Status: ", 0) == 0) {
            installed = line.ends_with(" ok installed");
        } else if (here && installed && line.rfind("Version: ", 0) == 0) {
            return line.substr(9, 64);
        }
    }
    return {};
}

// "1.38.0.20260914-1234" is 1.38.0, "1.38" too.
std::optional<Version> parse_version(const std::string& text) {
    Version version{};
    const char* at = text.data();
    const char* end = text.data() + text.size();
    for (size_t part = 0; part < version.size(); ++part) {
        const auto [next, error] = std::from_chars(at, end, version[part]);
        if (error != std::errc()) return std::nullopt;
        if (next == end || *next != '.') return part == 0 ? std::nullopt : std::optional(version);
        at = next + 1;
    }
    return version;
}

std::string newest_driver() {
    return fmt::format("install {}.{} or newer: {}", kVerifiedDriver[0], kVerifiedDriver[1], kDriverPage);
}

Symptom judge_driver(const std::string& version, int newest_generation) {
    const std::string topic = "NPU driver";
    const std::string verified =
        fmt::format("OpenVINO 2026.4 is verified with {}.{}", kVerifiedDriver[0], kVerifiedDriver[1]);
    const std::string if_refused =
        fmt::format("if models are refused, install the newest of {}", kDriverPage);
    const auto release = parse_version(version);
    if (!release) {
        return {topic, Health::warning,
                "libze_intel_npu is there, but neither its name nor dpkg tells its version; " + verified,
                if_refused};
    }
    if (*release < kVerifiedDriver) {
        return {topic, Health::warning, version + " is older than what it should be: " + verified,
                newest_driver()};
    }
    if (newest_generation > kLastVerifiedGeneration) {
        return {topic, Health::warning,
                fmt::format("{}; {}, but not for this NPU's generation", version, verified), if_refused};
    }
    return {topic, Health::ok, fmt::format("{} ({})", version, verified), {}};
}

void examine_driver(const Machine& machine, int newest_generation, Symptoms& symptoms) {
    const std::string topic = "NPU driver";
    Library driver = find_library(machine.system, "libze_intel_npu.so.1");
    if (driver.version.empty()) driver.version = package_version(machine.system, "intel-level-zero-npu");
    const Library old = find_library(machine.system, "libze_intel_vpu.so.1");
    const Health where_needed = is_visible(machine, "NPU") ? Health::warning : Health::problem;
    if (!driver.place.empty()) {
        symptoms.push_back(judge_driver(driver.version, newest_generation));
        if (!old.place.empty()) {
            symptoms.push_back({topic, Health::warning,
                                old.place + " is left of a driver before 1.16 and may be loaded instead",
                                "sudo rm " + old.place + "*"});
        }
    } else if (!old.place.empty()) {
        symptoms.push_back({topic, where_needed,
                            old.place + " is a driver before 1.16, which had another name",
                            fmt::format("sudo rm {}*, then {}", old.place, newest_driver())});
    } else if (is_visible(machine, "NPU")) {
        symptoms.push_back({topic, Health::warning,
                            "OpenVINO found it outside the usual folders; its version cannot be known",
                            "if models are refused, " + newest_driver()});
    } else {
        symptoms.push_back({topic, Health::problem,
                            "libze_intel_npu.so.1 is not installed (intel-level-zero-npu, intel-fw-npu, "
                            "intel-driver-compiler-npu)",
                            newest_driver()});
    }
}

void examine_loader(const Machine& machine, Symptoms& symptoms) {
    const std::string topic = "level-zero";
    const Library loader = find_library(machine.system, "libze_loader.so.1");
    const auto version = parse_version(loader.version);
    const Health where_needed = is_visible(machine, "NPU") ? Health::warning : Health::problem;
    if (loader.place.empty()) {
        // Where OpenVINO sees an NPU there is one in some other folder.
        if (is_visible(machine, "NPU")) return;
        symptoms.push_back({topic, Health::problem,
                            "libze_loader.so.1 is not installed; OpenVINO reaches the NPU through it",
                            kLoaderMend});
    } else if (!version) {
        symptoms.push_back({topic, Health::ok, loader.place + "; its name does not tell its version", {}});
    } else if (*version < kFirstLoader) {
        symptoms.push_back({topic, where_needed,
                            loader.version + " does not know libze_intel_npu; 1.17.17 was the first",
                            kLoaderMend});
    } else {
        symptoms.push_back({topic, Health::ok, loader.version, {}});
    }
}

}  // namespace

void examine_libraries(const Machine& machine, int newest_generation, Symptoms& symptoms) {
    examine_driver(machine, newest_generation, symptoms);
    examine_loader(machine, symptoms);
}

}  // namespace ovenbird
