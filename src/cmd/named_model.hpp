#pragma once
// Models by their name, where a command wants a folder: pulled and baked when that was not done yet.

#include <filesystem>

#include "base/report.hpp"

namespace ovenbird {

/// A folder stays as it is. ORG/NAME becomes the folder that was baked of it; the first time the model is
/// downloaded and baked with the usual options for the devices of this machine, and `reporter` hears with
/// which and why. A repository that holds a baked folder is that folder. Errors: not_found (neither a folder
/// nor a name), those of pull() and bake().
std::filesystem::path baked_folder(const std::filesystem::path& named, Reporter& reporter);

/// For --tokenizer-id: a folder or file stays as it is, of ORG/NAME the tokenizer is downloaded.
std::filesystem::path tokenizer_place(const std::filesystem::path& named, Reporter& reporter);

}  // namespace ovenbird
