#include "bake/ir_source.hpp"

#include "bake/freeze/ir_file.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "model/manifest.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

bool has_safetensors(const fs::path& folder) {
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() == ".safetensors") return true;
    }
    return false;
}

// Only for the record, so a missing or odd file is no error.
std::string model_type_beside(const fs::path& xml) {
    const fs::path config = xml.parent_path() / "config.json";
    if (!fs::is_regular_file(config)) return "";
    const Json json = read_json(config);
    return json.is_object() ? json.value("model_type", "") : "";
}

// The copy is a new file of ours, so a full disk or a read-only source shows here and not later.
void copy_whole(const fs::path& from, const fs::path& to) {
    std::error_code error;
    fs::copy_file(from, to, error);
    if (!error) return;
    const bool full = error == std::errc::no_space_on_device;
    fail(full ? ErrorCode::no_space : ErrorCode::io, "cannot copy '{}' to '{}': {}", from.string(),
         to.string(), error.message());
}

}  // namespace

std::optional<IrSource> find_ir_source(const fs::path& source) {
    IrSource ir;
    std::error_code ignored;
    if (fs::is_directory(source, ignored)) {
        ir.xml = source / kModelXmlName;
        if (!fs::is_regular_file(ir.xml, ignored) || has_safetensors(source)) return std::nullopt;
    } else if (source.extension() == ".xml" && fs::is_regular_file(source, ignored)) {
        ir.xml = source;
    } else {
        return std::nullopt;
    }
    ir.bin = fs::path(ir.xml).replace_extension(".bin");
    if (!fs::is_regular_file(ir.bin)) {
        fail(ErrorCode::not_found, "'{}' has no weights beside it: '{}' is missing", ir.xml.string(),
             ir.bin.string());
    }
    ir.model_type = model_type_beside(ir.xml);
    return ir;
}

WeightCount copy_ir(const IrSource& source, const fs::path& folder, Reporter& reporter) {
    reporter.note(fmt::format("stage 1: the IR {} as it is", source.xml.filename().string()));
    fs::create_directories(folder);
    copy_whole(source.xml, folder / kModelXmlName);
    copy_whole(source.bin, folder / kModelBinName);
    const auto read = read_ir(folder / kModelXmlName, folder / kModelBinName);
    const WeightCount count = count_compressed(read.model);
    if (count.int4_constants == 0)
        reporter.warn(
            "the IR has no INT4 weights and is not compressed further; bake its checkpoint for that");
    return count;
}

}  // namespace ovenbird
