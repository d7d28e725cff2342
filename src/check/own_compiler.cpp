// On Windows OpenVINO brings Intel's compiler along, and this program is the command that asks it.
#include "base/platform/files.hpp"
#include "base/platform/process.hpp"
#include "check/compiler.hpp"

namespace ovenbird {

std::vector<std::string> compiler_words(const std::string& command) {
    if (command == "npu-compile") return {own_program().string(), command};
    return {command};
}

void lead_to(const std::filesystem::path& file, const std::filesystem::path& link) {
    link_file(file, link);
}

}  // namespace ovenbird
