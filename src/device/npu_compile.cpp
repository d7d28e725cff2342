#include "device/npu_compile.hpp"

#include "base/error.hpp"
#include "device/c_api.hpp"

namespace ovenbird {

namespace fs = std::filesystem;

std::string compile_for_npu(const fs::path& model_xml, int platform, const fs::path& blob) {
    try {
        const fs::path xml = fs::absolute(model_xml);
        // What the C interface writes to has a narrow name, which on Windows may not hold any folder's.
        fs::current_path(fs::absolute(blob).parent_path());
        demand(ov_core_set_property(core(), "NPU", "NPU_PLATFORM", std::to_string(platform).c_str()));
        demand(ov_core_set_property(core(), "NPU", "NPU_COMPILER_TYPE", "PLUGIN"));
        demand(ov_core_set_property(core(), "NPU", "LOG_LEVEL", "LOG_ERROR"));
        const auto model = read_model(xml, {});
        const auto compiled = compile(model.get(), "NPU", {});
        demand(ov_compiled_model_export_model(compiled.get(), blob.filename().string().c_str()));
        char* requirements = nullptr;
        if (ov_compiled_model_get_property(compiled.get(), "RUNTIME_REQUIREMENTS", &requirements) != OK)
            return {};
        const std::string told = requirements == nullptr ? "" : requirements;
        ov_free(requirements);
        return told;
    } catch (const Refusal& error) {
        fail(ErrorCode::device, "{}", error.what());
    } catch (const fs::filesystem_error& error) {
        fail(ErrorCode::io, "{}", error.what());
    }
}

}  // namespace ovenbird
