#include "model/baked_folder.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace ovenbird {

std::string graph_file(const Step& step) {
    return fmt::format("{}/{}.xml", kGraphsFolder, step.name);
}

std::string folded_before_file(const Step& step) {
    return fmt::format("{}/{}_before.xml", kFoldedFolder, step.name);
}

std::string folded_layer_file(const Step& step, size_t kind) {
    return fmt::format("{}/{}{}.xml", kFoldedFolder, step.name,
                       kind == 0 ? "" : fmt::format("_kind{}", kind));
}

std::string folded_head_file(const Step& step) {
    return step.all_rows ? fmt::format("{}/head_{}.xml", kFoldedFolder, step.tokens)
                         : fmt::format("{}/head.xml", kFoldedFolder);
}

std::string blob_name(int platform, const std::string& graph) {
    if (graph == kModelXmlName) return fmt::format("npu/{}.blob", platform);
    return fmt::format("npu/{}_{}.blob", platform, std::filesystem::path(graph).stem().string());
}

}  // namespace ovenbird
