#include <map>

#include "bake/source/fused.hpp"
#include "bake/source/gguf_config.hpp"
#include "bake/source/gguf_header.hpp"
#include "bake/source/gguf_names.hpp"
#include "bake/source/gguf_parts.hpp"
#include "bake/source/gguf_tokenizer.hpp"
#include "bake/source/gguf_types.hpp"
#include "bake/source/open.hpp"
#include "bake/source/printable.hpp"
#include "base/error.hpp"
#include "base/platform/files.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

class GgufCheckpoint : public Checkpoint {
public:
    explicit GgufCheckpoint(const fs::path& path);
    const Json& config() const override { return config_; }
    const std::string& config_origin() const override { return config_origin_; }
    const std::map<std::string, SourceTensor, std::less<>>& tensors() const override { return tensors_; }
    const std::vector<std::string>& notes() const override { return notes_; }
    const std::vector<std::string>& warnings() const override { return warnings_; }
    const std::vector<fs::path>& files() const override { return files_; }
    std::vector<std::string> write_text_files(const fs::path& folder) const override;
    const char* kind() const override { return "gguf"; }

private:
    void add(const StoredTensor& entry, const GgufArchitecture& architecture, const MappedFile& file);

    std::vector<std::shared_ptr<const MappedFile>> maps_;
    Json config_;
    std::string config_origin_;
    std::map<std::string, SourceTensor, std::less<>> tensors_;
    std::vector<fs::path> files_;
    TokenizerFiles tokenizer_;
    std::vector<std::string> notes_, warnings_;
};

[[noreturn]] void refuse_name(const std::string& name, const GgufArchitecture& architecture,
                              const std::string& origin) {
    fail(ErrorCode::unsupported,
         "{}: tensor {} is not part of Ovenbird's {}; leaving it out would change the model", origin,
         printable(name), architecture.name);
}

// All at once, so that a person does not find them one by one. A tensor that the graph does without may be of
// any type.
void refuse_types(const std::vector<GgufPart>& parts, const GgufArchitecture& architecture,
                  const std::string& origin) {
    std::map<uint32_t, size_t> counts;
    size_t total = 0;
    for (const GgufPart& part : parts) {
        for (const UnreadableTensor& entry : part.header.unreadable) {
            const GgufTensorUse use = gguf_tensor_name(entry.name, architecture.names).use;
            if (use == GgufTensorUse::skip) continue;
            if (use == GgufTensorUse::unknown) {
                refuse_name(entry.name, architecture, part.header.metadata.origin());
            }
            ++counts[entry.type];
            ++total;
        }
    }
    if (total == 0) return;
    std::string types;
    for (const auto& [type, count] : counts)
        types += fmt::format("{}{} ({})", types.empty() ? "" : ", ", gguf_type_name(type), count);
    fail(ErrorCode::unsupported,
         "{}: tensors of types that Ovenbird does not read, and how many of each: {}. It reads {}. Convert "
         "the "
         "model with llama-quantize to one of these, or bake the folder with its safetensors",
         origin, types, readable_gguf_types());
}

// Other things than models come as GGUF files too.
void refuse_what_is_no_model(const GgufMetadata& metadata, size_t tensors) {
    const std::string& origin = metadata.origin();
    const std::string_view type = metadata.text("general.type").value_or("model");
    const std::string_view architecture = metadata.text("general.architecture").value_or("");
    if (type == "adapter") {
        fail(
            ErrorCode::unsupported,
            "{}: an adapter (LoRA) of a model, not a model: merge it into its base model (llama-export-lora) "
            "and bake the result",
            origin);
    }
    if (type == "mmproj" || architecture == "clip") {
        fail(ErrorCode::unsupported,
             "{}: the projector (mmproj) of a model that sees or hears, not the language model: bake the "
             ".gguf "
             "file that lies beside it",
             origin);
    }
    if (type == "imatrix" || architecture == "imatrix") {
        fail(ErrorCode::unsupported,
             "{}: an importance matrix for llama-quantize, not a model: bake the model's own .gguf file",
             origin);
    }
    if (tensors == 0 && (type == "vocab" || metadata.has("tokenizer.ggml.tokens"))) {
        fail(ErrorCode::unsupported,
             "{}: a vocabulary alone, without a tensor: bake the model's own .gguf file", origin);
    }
}

GgufCheckpoint::GgufCheckpoint(const fs::path& path) {
    std::vector<GgufPart> parts = open_gguf_parts(path);
    size_t tensors = 0;
    for (const GgufPart& part : parts)
        tensors += part.header.tensors.size() + part.header.unreadable.size();
    refuse_what_is_no_model(parts.front().header.metadata, tensors);
    GgufHeader whole;
    whole.metadata = parts.front().header.metadata;
    const std::string& origin = whole.metadata.origin();
    const auto name = whole.metadata.text("general.architecture");
    if (!name) fail(ErrorCode::invalid_input, "{}: metadata general.architecture is missing", origin);
    const GgufArchitecture& architecture = gguf_architecture(*name, origin);
    refuse_types(parts, architecture, printable(path.string()));
    for (const GgufPart& part : parts)
        whole.tensors.insert(whole.tensors.end(), part.header.tensors.begin(), part.header.tensors.end());
    config_origin_ = origin + " (metadata)";
    config_ = make_gguf_config(whole, architecture);
    for (const GgufPart& part : parts) {
        maps_.push_back(part.map);
        files_.push_back(part.map->path());
        for (const StoredTensor& entry : part.header.tensors)
            add(entry, architecture, *part.map);
    }
    split_fused(tensors_, architecture.fused, JsonObject(config_, config_origin_));
    tokenizer_ = make_gguf_tokenizer(whole.metadata, architecture.name, config_["vocab_size"].get<int64_t>());
    if (!tokenizer_.note.empty()) notes_.push_back(tokenizer_.note);
    if (tokenizer_.tokenizer.empty()) {
        warnings_.push_back(
            fmt::format("{} has no tokenizer: the baked model takes token ids only, or a tokenizer that you "
                        "name (--tokenizer-id); fetch the model's tokenizer.json and put it into the output "
                        "folder",
                        origin));
    }
}

void GgufCheckpoint::add(const StoredTensor& entry, const GgufArchitecture& architecture,
                         const MappedFile& file) {
    const GgufTensorName name = gguf_tensor_name(entry.name, architecture.names);
    if (name.use == GgufTensorUse::skip) return;
    const std::string origin = printable(file.path().string());
    const bool is_foreign = architecture.fused.empty() && name.name.find(".qkv_proj.") != std::string::npos;
    if (name.use == GgufTensorUse::unknown || is_foreign) refuse_name(entry.name, architecture, origin);
    if (entry.shape.size() > 2) {
        fail(ErrorCode::invalid_input, "{}: tensor {} has {} axes, expected one or two", origin,
             printable(entry.name), entry.shape.size());
    }
    SourceTensor tensor;
    tensor.name = name.name;
    tensor.type = entry.type;
    tensor.shape = entry.shape;
    tensor.bytes = file.bytes().subspan(entry.begin, entry.end - entry.begin);
    tensor.file = &file;
    if (architecture.interleaves_heads && (name.query || name.key)) {
        const int64_t heads =
            config_[name.query ? "num_attention_heads" : "num_key_value_heads"].get<int64_t>();
        const int64_t rows = tensor.shape[0];
        if (heads < 1 || rows % heads != 0 || rows / heads % 2 != 0) {
            fail(ErrorCode::invalid_input,
                 "{}: tensor {} has {} rows, which are not {} heads of an even size", origin,
                 printable(entry.name), rows, heads);
        }
        tensor.interleaved_heads = heads;
        // As gguf_config.cpp has found it to be a whole number.
        if (config_.contains("partial_rotary_factor"))
            tensor.interleaved_rows = static_cast<int64_t>(config_["partial_rotary_factor"].get<double>() *
                                                           config_["head_dim"].get<double>());
    }
    const std::string key = tensor.name;
    tensors_.emplace(key, std::move(tensor));
}

std::vector<std::string> GgufCheckpoint::write_text_files(const fs::path& folder) const {
    std::vector<std::string> written;
    const auto write = [&](const char* name, const std::string& content) {
        if (content.empty()) return;
        write_file(folder / name, content);
        written.emplace_back(name);
    };
    write("config.json", config_.dump(2) + "\n");
    write("generation_config.json", tokenizer_.generation_config);
    write("tokenizer.json", tokenizer_.tokenizer);
    write("tokenizer_config.json", tokenizer_.tokenizer_config);
    return written;
}

}  // namespace

std::unique_ptr<Checkpoint> open_gguf(const fs::path& path) {
    return std::make_unique<GgufCheckpoint>(path);
}

}  // namespace ovenbird
