#pragma once
// Which files of a Hugging Face folder hold its weights.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace ovenbird {

inline constexpr const char* kSafetensorsFile = "model.safetensors";
inline constexpr const char* kSafetensorsIndex = "model.safetensors.index.json";

/// Whether there is a file, or a link to one: the hub's cache is made of links.
bool is_file(const std::filesystem::path& path);

/// The names in a folder that end with `ending`, sorted. Errors: io.
std::vector<std::string> names_ending(const std::filesystem::path& folder, const std::string& ending);

struct WeightFiles {
    std::vector<std::string> names;                // relative to the folder, sorted
    std::map<std::string, std::string> placement;  // of shards: tensor name to file, as the index says
    std::vector<std::string> notes;                // what was chosen where there are two sets of weights
};

/// As transformers: model.safetensors, else the shards of its index, else the only other .safetensors file.
/// But a model.safetensors whose tensors are mostly empty (a shell, as DeepSpeed's ZeRO-3 leaves) gives way
/// to an index beside it. Errors: not_found, unsupported (pickles, an adapter, other formats), invalid_input
/// (an index that is none, or that leads out of the folder).
WeightFiles choose_weight_files(const std::filesystem::path& folder);

}  // namespace ovenbird
