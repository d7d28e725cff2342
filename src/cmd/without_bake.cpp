// Where OpenVINO's C++ classes cannot be linked, no graph is built: what a bake would do is said instead.
#include "base/error.hpp"
#include "cmd/bake_by_name.hpp"
#include "cmd/commands.hpp"
#include "hub/pull.hpp"

namespace ovenbird {
namespace {

[[noreturn]] void refuse(const std::string& what) {
    fail(ErrorCode::unsupported,
         "this build runs baked models and bakes none, as OpenVINO for Windows can be linked by its C "
         "interface "
         "only; bake {} under WSL (wsl --install, then Ovenbird's Linux package and ovenbird bake SOURCE -o "
         "FOLDER) and copy the folder, or name one of a hub that is baked already",
         what);
}

}  // namespace

int bake_command(int argc, char** argv) {
    refuse(argc > 1 && argv[1][0] != '-' ? argv[1] : "it");
}

std::filesystem::path baked_now(const ModelName& name, const std::filesystem::path&, Reporter& reporter) {
    const PulledModel pulled = pull(name, reporter);
    if (pulled.is_baked) return pulled.source;
    refuse(name.text());
}

}  // namespace ovenbird
