#pragma once
// From a model's name to its files on this machine.

#include <filesystem>

#include "base/report.hpp"
#include "hub/model_name.hpp"

namespace ovenbird {

struct PulledModel {
    std::filesystem::path source;  // what a bake takes: the snapshot, or a .gguf or .xml file in it
    bool is_baked = false;         // the snapshot is a folder that ovenbird bake made
    uint64_t bytes = 0;            // of the files that were chosen
};

/// Downloads what a bake needs and is not there yet. Errors: those of list_repo(), choose_files() and
/// fetch_files().
PulledModel pull(const ModelName& name, Reporter& reporter);

/// The tokenizer's files alone. Returns their folder. Errors: as pull().
std::filesystem::path pull_tokenizer(const ModelName& name, Reporter& reporter);

/// A path stays a path; a name that is no path here is pulled. Errors: as pull().
std::filesystem::path pulled_source(const std::filesystem::path& source, Reporter& reporter);

/// The name that a text is, unless it is a path here.
std::optional<ModelName> named_model(const std::filesystem::path& text);

}  // namespace ovenbird
