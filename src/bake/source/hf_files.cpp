#include "bake/source/hf_files.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>

#include "bake/source/printable.hpp"
#include "bake/source/safetensors.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/platform/files.hpp"
#include "base/platform/mapped_file.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxIndexBytes = uint64_t{64} << 20;

// A shard's name may lead into a subfolder, never out of the model's folder.
void check_shard_name(const std::string& name, const std::string& origin) {
    const fs::path path(name);
    const bool plain = !name.empty() && name.find('\\') == std::string::npos &&
                       name.find(':') == std::string::npos && name.find('\0') == std::string::npos;
    bool leaves = !plain || path.is_absolute() || path.has_root_path() || !name.ends_with(".safetensors");
    for (const fs::path& part : path)
        leaves = leaves || part == "..";
    if (!leaves) return;
    fail(ErrorCode::invalid_input,
         "{}: '{}' is not the name of a .safetensors file inside the model's folder", origin,
         printable(name));
}

std::map<std::string, std::string> read_index(const fs::path& path) {
    const std::string origin = printable(path.string());
    // Not ordered_json: its keys are searched one by one, which an index of a million tensors would make
    // felt.
    const auto shallow = [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
        if (depth > 4) fail(ErrorCode::invalid_input, "{}: lists inside lists; it is no index", origin);
        return true;
    };
    const std::string text = read_file(path, kMaxIndexBytes);
    const nlohmann::json index = nlohmann::json::parse(without_byte_order_mark(text), shallow, false);
    if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object()) {
        fail(ErrorCode::invalid_input,
             "{}: expected JSON with an object \"weight_map\"; download the file again", origin);
    }
    std::map<std::string, std::string> placement;
    for (const auto& [tensor, shard] : index["weight_map"].items()) {
        if (!shard.is_string()) {
            fail(ErrorCode::invalid_input, "{}: weight_map: the file of tensor {} is no string", origin,
                 printable(tensor));
        }
        const auto& name = shard.get_ref<const std::string&>();
        check_shard_name(name, origin);
        placement.emplace(tensor, name);
    }
    if (placement.empty()) fail(ErrorCode::invalid_input, "{}: weight_map lists no tensor", origin);
    return placement;
}

[[noreturn]] void fail_without_weights(const fs::path& folder) {
    const std::string place = printable(folder.string());
    const auto pickles = names_ending(folder, ".bin");
    const auto older = names_ending(folder, ".pth");
    if (!pickles.empty() || !older.empty()) {
        fail(ErrorCode::unsupported,
             "'{}' has its weights only as pickles ({}), which Ovenbird never opens because they can run "
             "code; "
             "convert them to safetensors (save_pretrained(..., safe_serialization=True) in transformers) or "
             "download the safetensors variant",
             place, pickles.empty() ? older[0] : pickles[0]);
    }
    if (is_file(folder / "adapter_config.json")) {
        fail(ErrorCode::unsupported,
             "'{}' is an adapter; merge it into its base model first and bake the result", place);
    }
    if (!names_ending(folder, ".safetensors").empty()) {
        fail(ErrorCode::unsupported,
             "'{}' has its weights only as consolidated*.safetensors, Mistral's own format; download {}, or "
             "{} "
             "and its shards, into the folder",
             place, kSafetensorsFile, kSafetensorsIndex);
    }
    fail(ErrorCode::not_found, "'{}' has neither {} nor {}; is the download complete?", place,
         kSafetensorsFile, kSafetensorsIndex);
}

bool is_shell(const fs::path& path) {
    const auto file = MappedFile::open(path);
    const auto entries = parse_safetensors(file->bytes(), printable(path.string()));
    const auto empty = std::count_if(entries.begin(), entries.end(),
                                     [](const SafetensorsEntry& entry) { return entry.begin == entry.end; });
    return 2 * static_cast<size_t>(empty) >= entries.size();
}

WeightFiles read_shards(const fs::path& folder) {
    WeightFiles files;
    files.placement = read_index(folder / kSafetensorsIndex);
    std::set<std::string> shards;
    for (const auto& [tensor, shard] : files.placement)
        shards.insert(shard);
    for (const std::string& shard : shards) {
        if (is_file(folder / shard)) continue;
        fail(ErrorCode::not_found,
             "'{}' lacks {}, which {} names ({} files in all); the download is incomplete: fetch that file "
             "into the folder and bake again",
             printable(folder.string()), printable(shard), kSafetensorsIndex, shards.size());
    }
    files.names.assign(shards.begin(), shards.end());
    return files;
}

// Some folders name their only file differently; Mistral's own format has other tensor names.
WeightFiles only_other_file(const fs::path& folder) {
    std::vector<std::string> names = names_ending(folder, ".safetensors");
    std::erase_if(names, [](const std::string& name) {
        return name.starts_with("consolidated") || name.starts_with("adapter_");
    });
    if (names.empty()) fail_without_weights(folder);
    if (names.size() > 1) {
        fail(ErrorCode::not_found, "'{}' has {} .safetensors files but no {}; download the index too",
             printable(folder.string()), names.size(), kSafetensorsIndex);
    }
    return {std::move(names), {}, {}};
}

}  // namespace

bool is_file(const fs::path& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored);  // follows links
}

std::vector<std::string> names_ending(const fs::path& folder, const std::string& ending) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        const std::string name = it->path().filename().string();
        if (name.size() >= ending.size() && name.ends_with(ending)) names.push_back(name);
    }
    if (error) fail(ErrorCode::io, "cannot list '{}': {}", printable(folder.string()), error.message());
    std::sort(names.begin(), names.end());
    return names;
}

WeightFiles choose_weight_files(const fs::path& folder) {
    const bool has_index = is_file(folder / kSafetensorsIndex);
    WeightFiles files;
    if (!is_file(folder / kSafetensorsFile)) {
        files = has_index ? read_shards(folder) : only_other_file(folder);
    } else if (has_index && is_shell(folder / kSafetensorsFile)) {
        files = read_shards(folder);
        files.notes.push_back(
            fmt::format("{} is an empty shell (most of its tensors have no elements); the {} files that {} "
                        "names are baked "
                        "instead",
                        kSafetensorsFile, files.names.size(), kSafetensorsIndex));
    } else {
        files.names = {kSafetensorsFile};
        if (has_index) {
            files.notes.push_back(fmt::format(
                "two sets of weights: {} is baked, as transformers does; {} and its files are not",
                kSafetensorsFile, kSafetensorsIndex));
        }
    }
    for (const std::string& name : names_ending(folder, ".safetensors")) {
        if (!name.starts_with("consolidated")) continue;
        files.notes.push_back(
            fmt::format("{} is not read: the same weights in Mistral's own format", printable(name)));
        break;
    }
    return files;
}

}  // namespace ovenbird
