#pragma once
// The two kinds of source behind open_checkpoint().

#include <filesystem>
#include <memory>

#include "bake/source/checkpoint.hpp"

namespace ovenbird {

/// A folder with config.json and safetensors, in one file or in shards that an index lists.
std::unique_ptr<Checkpoint> open_hf_folder(const std::filesystem::path& folder);

/// A GGUF file, or all parts of the model that it is a part of, seen as if it were the Hugging Face folder it
/// was made from.
std::unique_ptr<Checkpoint> open_gguf(const std::filesystem::path& path);

}  // namespace ovenbird
