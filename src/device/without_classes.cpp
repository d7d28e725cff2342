// What the C interface can do where OpenVINO's C++ classes cannot be linked.
#include "base/error.hpp"
#include "base/platform/mapped_file.hpp"
#include "device/c_api.hpp"
#include "device/interface.hpp"
#include "device/reason.hpp"

namespace ovenbird {

std::unique_ptr<CompiledGraph> compile_with_states(const std::string& device,
                                                   const std::filesystem::path& model_xml,
                                                   const std::filesystem::path& weights_bin,
                                                   const DeviceOptions& options) {
    return GraphFile(model_xml, weights_bin).compile(device, options);
}

std::shared_ptr<LoadedGraph> import_blob(const std::filesystem::path& blob, const std::string& device) {
    const auto file = MappedFile::open(blob);
    auto compiled = handle<ov_compiled_model_t>(ov_compiled_model_free, [&](ov_compiled_model_t** made) {
        return ov_core_import_model(core(), reinterpret_cast<const char*>(file->bytes().data()),
                                    file->bytes().size(), device.c_str(), made);
    });
    return loaded_graph(std::move(compiled), device, false);
}

bool is_openvinos(const std::exception& error) {
    return dynamic_cast<const Refusal*>(&error) != nullptr;
}

bool runtime_agrees(const BlobFile&, const std::string&) {
    return true;
}

PagedRuns compile_paged(const std::string&, const std::filesystem::path&, const std::filesystem::path&,
                        int64_t, const DeviceOptions&) {
    fail(ErrorCode::unsupported, "OpenVINO's C interface cannot page it");
}

}  // namespace ovenbird
