#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <system_error>

#include "bake/source/fused.hpp"
#include "bake/source/open.hpp"
#include "bake/source/printable.hpp"
#include "bake/source/safetensors.hpp"
#include "base/error.hpp"
#include "base/platform/files.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSingleFile = "model.safetensors";
constexpr const char* kIndexFile = "model.safetensors.index.json";
constexpr uint64_t kMaxConfigBytes = uint64_t{4} << 20;
constexpr uint64_t kMaxIndexBytes = uint64_t{64} << 20;
constexpr uint64_t kMaxTextBytes = uint64_t{512} << 20;

// What run needs beside the IR. Weights, code (*.py) and anything else stay behind.
constexpr std::array kTextFiles{
    "config.json",         "generation_config.json",
    "tokenizer.json",      "tokenizer_config.json",
    "chat_template.jinja", "special_tokens_map.json",
    "chat_template.json",  "added_tokens.json",
    "vocab.json",          "merges.txt",
    "tokenizer.model",
};

using Tensors = std::map<std::string, SourceTensor, std::less<>>;
using Placement = std::map<std::string, std::string>;  // tensor name to shard file name

class HuggingFaceFolder : public Checkpoint {
public:
    explicit HuggingFaceFolder(const fs::path& folder);
    const Json& config() const override { return config_; }
    const std::string& config_origin() const override { return config_origin_; }
    const Tensors& tensors() const override { return tensors_; }
    const std::vector<fs::path>& files() const override { return files_; }
    std::vector<std::string> write_text_files(const fs::path& folder) const override;
    const char* kind() const override { return "huggingface"; }

private:
    void read_config();
    void open_single(const std::string& name);
    void open_shards(const Placement& placement);
    void add(const StoredTensor& entry, const MappedFile& file);
    const MappedFile& map(const fs::path& path);

    fs::path folder_;
    Json config_;
    std::string config_origin_;
    Tensors tensors_;
    std::vector<fs::path> files_;
    std::vector<std::shared_ptr<const MappedFile>> maps_;
};

bool is_file(const fs::path& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored);  // follows links: the hub's cache is made of them
}

// The names in a folder that end with `ending`, sorted.
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

Placement read_index(const fs::path& path) {
    const std::string origin = printable(path.string());
    // Not ordered_json: its keys are searched one by one, which an index of a million tensors would make
    // felt.
    const auto shallow = [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
        if (depth > 4) fail(ErrorCode::invalid_input, "{}: lists inside lists; it is no index", origin);
        return true;
    };
    const nlohmann::json index = nlohmann::json::parse(read_file(path, kMaxIndexBytes), shallow, false);
    if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object()) {
        fail(ErrorCode::invalid_input,
             "{}: expected JSON with an object \"weight_map\"; download the file again", origin);
    }
    Placement placement;
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
    fail(ErrorCode::not_found, "'{}' has neither {} nor {}; is the download complete?", place, kSingleFile,
         kIndexFile);
}

HuggingFaceFolder::HuggingFaceFolder(const fs::path& folder) : folder_(folder) {
    read_config();
    if (is_file(folder_ / kSingleFile)) {
        open_single(kSingleFile);
    } else if (is_file(folder_ / kIndexFile)) {
        open_shards(read_index(folder_ / kIndexFile));
    } else {
        // Some folders name their only file differently; Mistral's own format has other tensor names.
        std::vector<std::string> names = names_ending(folder_, ".safetensors");
        std::erase_if(names, [](const std::string& name) {
            return name.starts_with("consolidated") || name.starts_with("adapter_");
        });
        if (names.empty()) fail_without_weights(folder_);
        if (names.size() > 1) {
            fail(ErrorCode::not_found, "'{}' has {} .safetensors files but no {}; download the index too",
                 printable(folder_.string()), names.size(), kIndexFile);
        }
        open_single(names[0]);
    }
    if (tensors_.empty()) {
        fail(ErrorCode::invalid_input, "{}: the file holds no tensor", printable(files_[0].string()));
    }
    const auto type = config_.find("model_type");
    if (type == config_.end() || !type->is_string()) return;  // which read_model_config() refuses
    if (const auto* row = find_architecture(type->get_ref<const std::string&>()))
        split_fused(tensors_, row->fused);
}

void HuggingFaceFolder::read_config() {
    const fs::path path = folder_ / "config.json";
    config_origin_ = printable(path.string());
    if (!is_file(path)) {
        const auto ggufs = names_ending(folder_, ".gguf");
        if (!ggufs.empty()) {
            fail(ErrorCode::not_found, "'{}' has no config.json but a GGUF file: give the file itself, '{}'",
                 printable(folder_.string()), printable((folder_ / ggufs[0]).string()));
        }
        fail(ErrorCode::not_found,
             "'{}' has no config.json; expected a Hugging Face folder (config.json, *.safetensors, "
             "tokenizer.json)",
             printable(folder_.string()));
    }
    config_ = parse_json(read_file(path, kMaxConfigBytes), config_origin_);
    if (!config_.is_object()) fail(ErrorCode::invalid_input, "{}: expected a JSON object", config_origin_);
}

const MappedFile& HuggingFaceFolder::map(const fs::path& path) {
    maps_.push_back(MappedFile::open(path));
    files_.push_back(path);
    return *maps_.back();
}

void HuggingFaceFolder::add(const StoredTensor& entry, const MappedFile& file) {
    if (entry.shape.empty() || entry.shape.size() > 2) {
        fail(ErrorCode::unsupported,
             "{}: tensor {} has shape [{}]; Ovenbird bakes text-only decoders, whose tensors have one or two "
             "axes",
             printable(file.path().string()), printable(entry.name), fmt::join(entry.shape, ", "));
    }
    SourceTensor tensor;
    tensor.name = entry.name;
    tensor.type = entry.type;
    tensor.shape = entry.shape;
    tensor.bytes = file.bytes().subspan(entry.begin, entry.end - entry.begin);
    tensor.file = &file;
    tensors_.emplace(entry.name, std::move(tensor));
}

void HuggingFaceFolder::open_single(const std::string& name) {
    const MappedFile& file = map(folder_ / name);
    for (const StoredTensor& entry : parse_safetensors(file.bytes(), printable(file.path().string()))) {
        add(entry, file);
    }
}

// A shard may hold more than the index gives it; as for transformers, the index decides.
void HuggingFaceFolder::open_shards(const Placement& placement) {
    std::set<std::string> shards;
    for (const auto& [tensor, shard] : placement)
        shards.insert(shard);
    for (const std::string& shard : shards) {
        if (is_file(folder_ / shard)) continue;
        fail(ErrorCode::not_found,
             "'{}' lacks {}, which {} names ({} files in all); the download is incomplete: fetch that file "
             "into the "
             "folder and bake again",
             printable(folder_.string()), printable(shard), kIndexFile, shards.size());
    }
    for (const std::string& shard : shards) {
        const MappedFile& file = map(folder_ / shard);
        for (const StoredTensor& entry : parse_safetensors(file.bytes(), printable(file.path().string()))) {
            const auto place = placement.find(entry.name);
            if (place != placement.end() && place->second == shard) add(entry, file);
        }
    }
    for (const auto& [tensor, shard] : placement) {
        if (tensors_.contains(tensor)) continue;
        fail(ErrorCode::invalid_input,
             "{}: tensor {} is not in {}, where {} puts it; download both files again",
             printable(folder_.string()), printable(tensor), printable(shard), kIndexFile);
    }
}

std::vector<std::string> HuggingFaceFolder::write_text_files(const fs::path& folder) const {
    return copy_text_files(folder_, folder);
}

}  // namespace

std::unique_ptr<Checkpoint> open_hf_folder(const fs::path& folder) {
    return std::make_unique<HuggingFaceFolder>(folder);
}

std::vector<std::string> copy_text_files(const fs::path& from, const fs::path& to) {
    std::vector<std::string> written;
    for (const char* name : kTextFiles) {
        if (!is_file(from / name)) continue;
        write_file(to / name, read_file(from / name, kMaxTextBytes));
        written.emplace_back(name);
    }
    return written;
}

}  // namespace ovenbird
