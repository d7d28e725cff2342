#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>

#include "base/cut_text.hpp"
#include "base/error.hpp"
#include "device/compiled_cache.hpp"
#include "device/device.hpp"
#include "device/reason.hpp"

namespace ovenbird {
namespace {

// One core for the process: OpenVINO loads its plugins once, and cached models are looked up by it.
ov::Core& core() {
    static ov::Core instance;
    return instance;
}

std::string why_absent(const std::string& device) {
    std::string seen;
    for (const auto& name : core().get_available_devices())
        seen += (seen.empty() ? "" : ", ") + name;
    std::string reason = fmt::format("no such device is visible here (visible: {})", seen);
    if (device_family(device) == "NPU") reason += "; is the NPU driver installed?";
    return reason;
}

bool is_available(const std::string& device) {
    const auto available = core().get_available_devices();
    return std::any_of(available.begin(), available.end(), [&](const std::string& name) {
        return name == device || device_family(name) == device ||
               device_family(name) == device_family(device);
    });
}

ov::AnyMap properties_for(const DeviceOptions& options) {
    ov::AnyMap properties(options.properties.begin(), options.properties.end());
    if (options.cache_folder.empty()) return properties;
    properties.emplace(ov::cache_dir(options.cache_folder.string()));
    // The blob then refers to the .bin instead of holding a second copy of the weights.
    properties.emplace(ov::cache_mode(ov::CacheMode::OPTIMIZE_SIZE));
    return properties;
}

// OpenVINO guesses a file's format by trying every front end, and then reports the wrong one's complaint.
bool starts_as_ir(const std::filesystem::path& path) {
    std::string head(1024, '\0');
    std::ifstream stream(path, std::ios::binary);
    stream.read(head.data(), static_cast<std::streamsize>(head.size()));
    return head.find("<net ") != std::string::npos;
}

void prepare_cache(const DeviceOptions& options) {
    if (options.cache_folder.empty()) return;
    make_cache(options.cache_folder);
    trim_cache(options.cache_folder, kCacheLimitBytes);
}

// Whether the runtime itself says that it can load the blob; yes where it does not know the question.
bool runtime_agrees(const BlobFile& blob, const std::string& device) {
    if (blob.requirements.empty()) return true;
    try {
        return core().get_property(device, ov::compatibility_check,
                                   {{ov::runtime_requirements.name(), blob.requirements}}) !=
               ov::CompatibilityCheck::UNSUPPORTED;
    } catch (const std::exception&) {
        return true;
    }
}

// The blob for this machine's NPU, or an empty model. Of blobs for other generations nothing is told, unless
// there is none for this one.
ov::CompiledModel import_blob(const DeviceOptions& options, const std::string& device) {
    const auto tell = [&](const std::string& text) {
        if (options.on_note) options.on_note(fmt::format("{}: {}", device, text));
    };
    const int platform = npu_platform(device);
    bool is_for_this = false;
    for (const auto& blob : options.blobs) {
        if (blob.platform != platform) continue;
        is_for_this = true;
        const std::string name = blob.path.filename().string();
        std::string problem = blob_problem(blob, platform);
        if (problem.empty() && !runtime_agrees(blob, device)) problem = name + " does not suit this driver";
        if (problem.empty()) {
            try {
                ov::CompiledModel model = core().import_model(ov::read_tensor_data(blob.path), device);
                tell(fmt::format("loaded {}, compiled ahead of time", name));
                return model;
            } catch (const std::exception& error) {
                problem = fmt::format("{} was refused: {}", name, one_line_reason(error.what()));
            }
        }
        tell(problem + "; compiling the graph instead");
    }
    if (!is_for_this)
        tell(fmt::format("no blob was compiled for this NPU ({}); compiling the graph",
                         platform == 0 ? "it does not tell its generation" : std::to_string(platform)));
    return {};
}

// `compile` is for where no blob serves.
template <typename Compile>
ov::CompiledModel load_or(const std::string& device, const DeviceOptions& options, const Compile& compile) {
    if (device_family(device) == "NPU" && !options.blobs.empty()) {
        if (auto loaded = import_blob(options, device)) return loaded;
    }
    prepare_cache(options);
    return compile(properties_for(options));
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

ov::CompiledModel compile_or_load(const std::string& device, const std::shared_ptr<ov::Model>& model,
                                  const DeviceOptions& options) {
    return load_or(device, options, [&](const ov::AnyMap& properties) {
        return core().compile_model(model, device, properties);
    });
}

std::unique_ptr<CompiledGraph> compile_on(const std::string& device, const std::shared_ptr<ov::Model>& model,
                                          const DeviceOptions& options) {
    return std::make_unique<CompiledGraph>(compile_or_load(device, model, options), device);
}

std::unique_ptr<CompiledGraph> compile_file_on(const std::string& device,
                                               const std::filesystem::path& model_xml,
                                               const DeviceOptions& options) {
    // Reading apart from compiling: a broken file is the file's fault, not the device's.
    (void)read_graph(model_xml, {});
    return std::make_unique<CompiledGraph>(load_or(device, options,
                                                   [&](const ov::AnyMap& properties) {
                                                       return core().compile_model(model_xml.string(), device,
                                                                                   properties);
                                                   }),
                                           device);
}

int npu_platform(const std::string& device) {
    return platform_of(core().get_property(device, ov::device::architecture));
}

HostMemory host_memory_of(const std::string& device) {
    if (device_family(device) == "CPU") return nullptr;
    auto context = std::make_shared<ov::RemoteContext>(core().get_default_context(device));
    return [context](const ov::element::Type& type, const ov::Shape& shape) {
        return context->create_host_tensor(type, shape);
    };
}

std::string one_line_reason(const std::string& what) {
    std::istringstream lines(what);
    std::string line;
    std::string reason;
    while (std::getline(lines, line)) {
        const size_t begin = line.find_first_not_of(" \t");
        if (begin == std::string::npos) continue;
        line = line.substr(begin);
        const bool position =
            line.rfind("Exception from ", 0) == 0 ||
            (line.rfind("Check '", 0) == 0 && line.find("' failed at ") != std::string::npos);
        if (reason.empty() || !position) reason = line;
        if (!position) break;
    }
    constexpr size_t kLongest = 300;
    return reason.empty() ? "no reason given" : cut_text(reason, kLongest);
}

std::shared_ptr<ov::Model> read_graph(const std::filesystem::path& model_xml,
                                      const std::filesystem::path& weights_bin) {
    std::error_code missing;
    if (!std::filesystem::exists(model_xml, missing)) {
        fail(ErrorCode::not_found, "{}: no such file; bake a model first (ovenbird bake SOURCE -o DIR)",
             model_xml.string());
    }
    if (!starts_as_ir(model_xml)) {
        fail(ErrorCode::invalid_input, "{}: is not an OpenVINO IR (.xml); bake a model first",
             model_xml.string());
    }
    try {
        return core().read_model(model_xml.string(), weights_bin.string());
    } catch (const std::exception& error) {
        fail(ErrorCode::invalid_input, "{}: OpenVINO cannot read this model: {}", model_xml.string(),
             one_line_reason(error.what()));
    }
}

std::vector<std::pair<std::string, std::string>> available_devices() {
    std::vector<std::pair<std::string, std::string>> devices;
    for (const auto& name : core().get_available_devices()) {
        devices.emplace_back(name, core().get_property(name, ov::device::full_name));
    }
    return devices;
}

std::vector<RuntimePlugin> runtime_plugins() {
    std::vector<RuntimePlugin> plugins;
    for (const char* name : {"NPU", "GPU", "CPU"}) {
        RuntimePlugin& plugin = plugins.emplace_back(RuntimePlugin{name, {}, {}, {}});
        try {
            for (const auto& [device, version] : core().get_versions(name))
                plugin.version = version.buildNumber;
            const auto ids = core().get_property(name, ov::available_devices);
            for (const auto& id : ids) {
                const std::string device =
                    ids.size() == 1 ? std::string(name) : fmt::format("{}.{}", name, id);
                plugin.devices.push_back(device + ": " + core().get_property(device, ov::device::full_name));
            }
        } catch (const std::exception& error) {
            plugin.fault = one_line_reason(error.what());
        }
    }
    return plugins;
}

}  // namespace ovenbird
