#include <limits>

#include "bake/source/gguf_config.hpp"
#include "bake/source/gguf_header.hpp"
#include "bake/source/gguf_names.hpp"
#include "bake/source/gguf_tokenizer.hpp"
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
    const std::vector<fs::path>& files() const override { return files_; }
    std::vector<std::string> write_text_files(const fs::path& folder) const override;
    const char* kind() const override { return "gguf"; }

private:
    void add(const GgufTensor& entry, const GgufArchitecture& architecture, const std::string& origin);

    std::shared_ptr<const MappedFile> map_;
    Json config_;
    std::string config_origin_;
    std::map<std::string, SourceTensor, std::less<>> tensors_;
    std::vector<fs::path> files_;
    TokenizerFiles tokenizer_;
};

void refuse_splits(const GgufMetadata& metadata) {
    const int64_t count = metadata.integer("split.count").value_or(0);
    if (count <= 1) return;
    fail(ErrorCode::unsupported,
         "{}: one of {} parts of a split model; join them first (llama-gguf-split --merge FIRST-PART "
         "WHOLE.gguf)",
         metadata.origin(), count);
}

GgufCheckpoint::GgufCheckpoint(const fs::path& path) : map_(MappedFile::open(path)), files_{path} {
    const std::string origin = printable(path.string());
    const GgufHeader header = parse_gguf(map_->bytes(), origin);
    refuse_splits(header.metadata);
    const auto name = header.metadata.text("general.architecture");
    if (!name) fail(ErrorCode::invalid_input, "{}: metadata general.architecture is missing", origin);
    const GgufArchitecture& architecture = gguf_architecture(*name, origin);
    config_origin_ = origin + " (metadata)";
    config_ = make_gguf_config(header, architecture);
    for (const GgufTensor& entry : header.tensors)
        add(entry, architecture, origin);
    tokenizer_ =
        make_gguf_tokenizer(header.metadata, architecture.name, config_["vocab_size"].get<int64_t>());
}

void GgufCheckpoint::add(const GgufTensor& entry, const GgufArchitecture& architecture,
                         const std::string& origin) {
    const GgufTensorName name = gguf_tensor_name(entry.name);
    if (name.use == GgufTensorUse::skip) return;
    if (name.use == GgufTensorUse::unknown) {
        fail(ErrorCode::unsupported,
             "{}: tensor {} is not part of Ovenbird's {}; leaving it out would change the model", origin,
             printable(entry.name), architecture.name);
    }
    if (entry.shape.size() > 2) {
        fail(ErrorCode::invalid_input, "{}: tensor {} has {} axes, expected one or two", origin,
             printable(entry.name), entry.shape.size());
    }
    SourceTensor tensor;
    tensor.name = name.name;
    tensor.type = entry.type;
    tensor.shape = entry.shape;
    tensor.bytes = map_->bytes().subspan(entry.begin, entry.end - entry.begin);
    tensor.file = map_.get();
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
