#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "bake/source/built_tokenizer.hpp"
#include "bake/source/compressed.hpp"
#include "bake/source/embedder_folder.hpp"
#include "bake/source/fused.hpp"
#include "bake/source/hf_files.hpp"
#include "bake/source/hf_names.hpp"
#include "bake/source/open.hpp"
#include "bake/source/printable.hpp"
#include "bake/source/safetensors.hpp"
#include "base/error.hpp"
#include "base/platform/files.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxConfigBytes = uint64_t{4} << 20;

constexpr std::string_view kGatedNorm = ".linear_attn.norm.weight";

using Tensors = std::map<std::string, SourceTensor, std::less<>>;
using Reasons = std::map<std::string, std::string, std::less<>>;  // tensor name to why it is of no use

class HuggingFaceFolder : public Checkpoint {
public:
    explicit HuggingFaceFolder(const fs::path& folder);
    const Json& config() const override { return config_; }
    const std::string& config_origin() const override { return config_origin_; }
    const Tensors& tensors() const override { return tensors_; }
    const Reasons& unusable() const override { return unusable_; }
    const std::vector<std::string>& notes() const override { return notes_; }
    const std::vector<std::string>& warnings() const override { return warnings_; }
    const std::vector<fs::path>& files() const override { return files_; }
    std::vector<std::string> write_text_files(const fs::path& folder) const override;
    const std::optional<EmbedderModules>& embedder() const override { return embedder_; }
    const char* kind() const override { return "huggingface"; }

private:
    void read_config();
    const Architecture* architecture() const;
    void settle_old_settings();
    void mark_interleaved_heads(const Architecture& row);
    void rename_final_norm(std::string_view stored);
    void open_weights(const WeightFiles& weights);
    void open_dense();
    void add(const SafetensorsEntry& entry, const std::string& name, const MappedFile& file);
    const MappedFile& map(const fs::path& path);

    fs::path folder_;
    Json config_;
    std::string config_origin_;
    Tensors tensors_;
    Reasons unusable_;
    std::vector<std::string> notes_, warnings_;
    BuiltTokenizer built_;
    std::optional<EmbedderModules> embedder_;
    StoredParts parts_;  // every tensor, while the folder is opened
    std::vector<fs::path> files_;
    std::vector<std::shared_ptr<const MappedFile>> maps_;
};

HuggingFaceFolder::HuggingFaceFolder(const fs::path& folder) : folder_(folder) {
    read_config();
    embedder_ = read_embedder(folder_, config_, warnings_);
    const WeightFiles weights = choose_weight_files(folder_);
    notes_ = weights.notes;
    open_weights(weights);
    if (embedder_) open_dense();
    built_ = build_tokenizer(folder_);
    if (!built_.note.empty()) notes_.push_back(built_.note);
    if (!built_.warning.empty()) warnings_.push_back(built_.warning);
    if (tensors_.empty() && unusable_.empty()) {
        fail(ErrorCode::invalid_input, "{}: the file holds no tensor; download it again",
             printable(files_[0].string()));
    }
    settle_old_settings();
    unpack_compressed(config_, config_origin_, parts_, tensors_, unusable_);
    parts_.clear();
    const auto* row = architecture();
    if (row == nullptr) return;  // which read_model_config() refuses
    split_fused(tensors_, row->fused, JsonObject(config_, config_origin_));
    rename_final_norm(row->final_norm);
    if (row->interleaves_heads) mark_interleaved_heads(*row);
    for (auto& [name, tensor] : tensors_)
        if (name.ends_with("norm.weight") && !name.ends_with(kGatedNorm)) tensor.offset = row->norm_offset;
}

void HuggingFaceFolder::rename_final_norm(std::string_view stored) {
    const std::string usual = std::string(kFinalNorm) + ".weight";
    if (stored == kFinalNorm || tensors_.contains(usual)) return;
    auto tensor = tensors_.extract(std::string(stored) + ".weight");
    if (tensor.empty()) return;
    tensor.key() = usual;
    tensor.mapped().name = usual;
    tensors_.insert(std::move(tensor));
}

const Architecture* HuggingFaceFolder::architecture() const {
    const auto type = config_.find("model_type");
    if (type == config_.end() || !type->is_string()) return nullptr;
    return find_architecture(type->get_ref<const std::string&>());
}

void HuggingFaceFolder::mark_interleaved_heads(const Architecture& row) {
    const ModelConfig model = row.read_config(JsonObject(config_, config_origin_));
    for (auto& [name, tensor] : tensors_) {
        const bool is_query = name.find(".self_attn.q_proj.") != std::string::npos;
        if (!is_query && name.find(".self_attn.k_proj.") == std::string::npos) continue;
        if (tensor.packed != nullptr)
            fail(ErrorCode::unsupported,
                 "tensor {} is compressed, in a family whose heads are stored in another order; bake the "
                 "original "
                 "checkpoint",
                 printable(name));
        tensor.interleaved_heads = is_query ? model.heads : model.kv_heads;
        tensor.interleaved_rows = model.rope.rotary_size;
    }
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

// The first programs wrote how they compressed into a file of its own.
void HuggingFaceFolder::settle_old_settings() {
    const bool words = std::any_of(parts_.begin(), parts_.end(),
                                   [](const auto& part) { return part.first.ends_with(".qweight"); });
    if (!words || config_.contains("quantization_config") || config_.contains("compression_config")) return;
    constexpr std::array<std::pair<const char*, const char*>, 2> kOldFiles{
        {{"quantize_config.json", "gptq"}, {"quant_config.json", "awq"}}};
    for (const auto& [name, method] : kOldFiles) {
        if (!is_file(folder_ / name)) continue;
        const std::string origin = printable((folder_ / name).string());
        Json settings = parse_json(read_file(folder_ / name, kMaxConfigBytes), origin);
        if (!settings.is_object()) fail(ErrorCode::invalid_input, "{}: expected a JSON object", origin);
        if (!settings.contains("quant_method")) settings["quant_method"] = method;
        config_["quantization_config"] = std::move(settings);
        notes_.push_back(
            fmt::format("how the weights are compressed is read from {} (method {})", name, method));
        return;
    }
}

const MappedFile& HuggingFaceFolder::map(const fs::path& path) {
    maps_.push_back(MappedFile::open(path));
    files_.push_back(path);
    return *maps_.back();
}

// A convolution that keeps channels apart is [channels, 1, tokens]: a row a channel.
std::vector<int64_t> shape_of(const SafetensorsEntry& entry) {
    const auto& shape = entry.shape;
    if (shape.size() == 3 && shape[1] == 1) return {shape[0], shape[2]};
    return shape;
}

// Why a graph cannot use a tensor, to be put behind its name; empty: it can.
std::string why_unusable(const SafetensorsEntry& entry) {
    if (!entry.foreign_type.empty()) {
        return fmt::format(
            "has type {}, and Ovenbird reads F32, F16 and BF16: bake the original, unquantised checkpoint",
            printable(entry.foreign_type));
    }
    if (entry.begin == entry.end) {
        return fmt::format(
            "has no elements (shape [{}]), as in the files that DeepSpeed's ZeRO-3 leaves: save the gathered "
            "weights and bake those",
            fmt::join(entry.shape, ", "));
    }
    if (!shape_of(entry).empty() && shape_of(entry).size() <= 2) return "";
    return fmt::format(
        "has shape [{}], and the tensors of a text-only decoder have one or two axes: bake the "
        "language model alone",
        fmt::join(entry.shape, ", "));
}

StoredPart part_of(const SafetensorsEntry& entry, const std::string& name, const MappedFile& file) {
    std::string type = entry.foreign_type;
    if (type.empty())
        type = entry.type == SourceType::f32 ? "F32" : entry.type == SourceType::f16 ? "F16" : "BF16";
    return {name, type, entry.shape, file.bytes().subspan(entry.begin, entry.end - entry.begin), &file};
}

void HuggingFaceFolder::add(const SafetensorsEntry& entry, const std::string& name, const MappedFile& file) {
    parts_.insert_or_assign(name, part_of(entry, name, file));
    const std::string why = why_unusable(entry);
    if (!why.empty()) {
        unusable_.emplace(name, fmt::format("{} ({})", why, printable(file.path().filename().string())));
        return;
    }
    SourceTensor tensor;
    tensor.name = name;
    tensor.type = entry.type;
    tensor.shape = shape_of(entry);
    tensor.bytes = file.bytes().subspan(entry.begin, entry.end - entry.begin);
    tensor.file = &file;
    tensors_.emplace(name, std::move(tensor));
}

[[noreturn]] void fail_twice(const MappedFile& file, const std::string& one, const std::string& other) {
    fail(ErrorCode::invalid_input,
         "{}: {} and {} are two names of one tensor, with and without a prefix 'model.'; is this one "
         "model? Save it anew with transformers and bake that",
         printable(file.path().string()), printable(one), printable(other));
}

// Every tensor of the files counts, as for transformers, which takes from an index the names of files only.
// Where two files have one tensor, the index decides.
void HuggingFaceFolder::open_weights(const WeightFiles& weights) {
    PrefixRule rule;
    const auto* row = architecture();
    const bool has_other_parts = row != nullptr && row->has_other_parts;
    const auto inner_name = [&](const std::string& name) {
        return has_other_parts ? name_in_language_model(name) : name;
    };
    std::set<std::string> left_out;
    std::map<std::string, std::string> stored_names;  // by the decoder's
    std::map<std::string, std::string> promised = weights.placement;
    for (const std::string& file_name : weights.names) {
        const MappedFile& file = map(folder_ / file_name);
        for (const SafetensorsEntry& entry :
             parse_safetensors(file.bytes(), printable(file.path().string()))) {
            const auto place = weights.placement.find(entry.name);
            promised.erase(entry.name);
            const std::string inner = inner_name(entry.name);
            if (inner.empty()) left_out.insert(entry.name);
            if (inner.empty()) continue;
            const std::string name = rule.usual_name(inner);
            const bool placed_here = place != weights.placement.end() && place->second == file_name;
            const auto [seen, is_new] = stored_names.emplace(name, entry.name);
            if (seen->second != entry.name) fail_twice(file, seen->second, entry.name);
            if (!is_new && !placed_here) continue;
            tensors_.erase(name);
            unusable_.erase(name);
            add(entry, name, file);
        }
    }
    for (const auto& [tensor, shard] : promised) {
        unusable_.emplace(rule.usual_name(inner_name(tensor)),
                          fmt::format("is not in {}, where {} puts it: download both files again",
                                      printable(shard), kSafetensorsIndex));
    }
    if (!promised.empty()) {
        notes_.push_back(
            fmt::format("{} names {} tensors that are in no file (first: {}); none of them is needed",
                        kSafetensorsIndex, promised.size(), printable(promised.begin()->first)));
    }
    if (const std::string note = rule.note(); !note.empty()) notes_.push_back(note);
    if (!left_out.empty()) {
        notes_.push_back(fmt::format(
            "the language model alone is baked; {} tensors of other parts are left out (first: {})",
            left_out.size(), printable(*left_out.begin())));
    }
}

// Each dense layer has a weights file of its own, where its tensors have no prefix.
void HuggingFaceFolder::open_dense() {
    if (!embedder_) return;
    for (const DenseLayer& layer : embedder_->dense) {
        for (const std::string& name : choose_weight_files(folder_ / layer.name).names) {
            const MappedFile& file = map(folder_ / layer.name / name);
            for (const auto& entry : parse_safetensors(file.bytes(), printable(file.path().string())))
                add(entry, layer.name + "." + entry.name, file);
        }
    }
}

std::vector<std::string> HuggingFaceFolder::write_text_files(const fs::path& folder) const {
    std::vector<std::string> written = copy_text_files(folder_, folder);
    write_built_tokenizer(built_, folder, written);
    return written;
}

}  // namespace

std::unique_ptr<Checkpoint> open_hf_folder(const fs::path& folder) {
    return std::make_unique<HuggingFaceFolder>(folder);
}

}  // namespace ovenbird
