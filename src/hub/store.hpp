#pragma once
// Where models that were baked by their name live: $OVENBIRD_HOME/models/ORG/NAME.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "hub/model_name.hpp"

namespace ovenbird {

/// $OVENBIRD_HOME/models, else $XDG_DATA_HOME/ovenbird/models, else ~/.local/share/ovenbird/models.
std::filesystem::path model_store();

/// The folder of a model's bake in `store`, there or not.
std::filesystem::path baked_place(const std::filesystem::path& store, const ModelName& name);

struct StoredModel {
    std::string name;  // as ModelName::text()
    std::filesystem::path folder;
    uint64_t bytes = 0;    // on disk
    std::string commit;    // of the source; empty: not known
    std::string form;      // "INT4 sym g128, context 1024"
    int64_t baked_at = 0;  // seconds since 1970
    std::string fault;     // why its ovenbird.json cannot be read; empty: it can
};

/// Of all files of a folder; what cannot be read counts nothing.
uint64_t bytes_below(const std::filesystem::path& folder);
/// When a file was last written, in seconds since 1970; 0 where that is not known.
int64_t written_at(const std::filesystem::path& file);

/// Sorted by name. What is no baked folder is passed over. Errors: io.
std::vector<StoredModel> stored_models(const std::filesystem::path& store);

/// Errors: not_found (lists what is there), io.
void remove_stored(const std::filesystem::path& store, const ModelName& name);

}  // namespace ovenbird
