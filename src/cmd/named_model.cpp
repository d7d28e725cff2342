#include "cmd/named_model.hpp"

#include "base/error.hpp"
#include "cmd/bake_by_name.hpp"
#include "hub/pull.hpp"
#include "hub/store.hpp"
#include "model/baked_folder.hpp"

namespace ovenbird {
namespace fs = std::filesystem;

fs::path baked_folder(const fs::path& named, Reporter& reporter) {
    std::error_code error;
    if (fs::is_directory(named, error)) return named;
    const auto name = named_model(named);
    if (!name)
        fail(ErrorCode::not_found,
             "{}: no such folder; bake a model first (ovenbird bake SOURCE -o {}), or name one of a hub "
             "(ORG/NAME)",
             named.string(), named.string());
    const fs::path place = baked_place(model_store(), *name);
    return fs::is_regular_file(place / kManifestName, error) ? place : baked_now(*name, place, reporter);
}

fs::path tokenizer_place(const fs::path& named, Reporter& reporter) {
    const auto name = named_model(named);
    return name ? pull_tokenizer(*name, reporter) : named;
}

}  // namespace ovenbird
