#include "device/loading.hpp"

#include <fmt/format.h>

#include "device/compiled_cache.hpp"
#include "device/interface.hpp"
#include "device/reason.hpp"

namespace ovenbird {
namespace {

std::map<std::string, std::string> properties_for(const DeviceOptions& options) {
    auto properties = options.properties;
    if (options.cache_folder.empty()) return properties;
    properties.emplace("CACHE_DIR", options.cache_folder.string());
    // The blob then refers to the .bin instead of holding a second copy of the weights.
    properties.emplace("CACHE_MODE", "OPTIMIZE_SIZE");
    return properties;
}

void prepare_cache(const DeviceOptions& options) {
    if (options.cache_folder.empty()) return;
    make_cache(options.cache_folder);
    trim_cache(options.cache_folder, kCacheLimitBytes);
}

// The blob for this machine's NPU; null where none serves. Of blobs for other generations nothing is told,
// unless there is none for this one.
std::shared_ptr<LoadedGraph> load_blob(const DeviceOptions& options, const std::string& device) {
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
                auto loaded = import_blob(blob.path, device);
                tell(fmt::format("loaded {}, compiled ahead of time", name));
                return loaded;
            } catch (const std::exception& error) {
                problem = fmt::format("{} was refused: {}", name, one_line_reason(error.what()));
            }
        }
        tell(problem + "; compiling the graph instead");
    }
    if (!is_for_this)
        tell(fmt::format("no blob was compiled for this NPU ({}); compiling the graph",
                         platform == 0 ? "it does not tell its generation" : std::to_string(platform)));
    return nullptr;
}

// Whoever waits for an answer hears that a graph is compiled: it is no hang.
class Told {
public:
    explicit Told(const std::function<void(bool)>& tell) : tell_(tell) {
        if (tell_) tell_(false);
    }
    Told(const Told&) = delete;
    Told& operator=(const Told&) = delete;
    ~Told() {
        if (tell_) tell_(true);
    }

private:
    const std::function<void(bool)>& tell_;
};

}  // namespace

std::shared_ptr<LoadedGraph> load_or_compile(const std::string& device, const DeviceOptions& options,
                                             const CompileWith& compile) {
    const Told told(options.on_compiling);
    if (device_family(device) == "NPU" && !options.blobs.empty()) {
        if (auto loaded = load_blob(options, device)) return loaded;
    }
    prepare_cache(options);
    return compile(properties_for(options));
}

}  // namespace ovenbird
