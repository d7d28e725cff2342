#pragma once
// What sentence-transformers' files beside a config.json say: that a model is an embedder, and of which kind.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "model/embedding.hpp"

namespace ovenbird {

/// The modules and prompts of a folder with modules.json; of one without, whose `config` is that of an
/// encoder, mean pooling, as sentence-transformers takes it (a line is added to `warnings`). Nothing: it is
/// no embedder. No code of the folder is run. Errors: invalid_input (broken files, paths that lead out of the
/// folder), unsupported (names the module or the pooling), not_found (a module's files).
std::optional<EmbedderModules> read_embedder(const std::filesystem::path& folder, const Json& config,
                                             std::vector<std::string>& warnings);

}  // namespace ovenbird
