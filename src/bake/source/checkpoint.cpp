#include "bake/source/checkpoint.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <system_error>

#include "bake/source/open.hpp"
#include "bake/source/packed_weight.hpp"
#include "bake/source/printable.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

struct TypeRow {
    SourceType type;
    const char* name;
    BlockLayout layout;
};

constexpr TypeRow kTypes[] = {
    {SourceType::f32, "f32", {1, 4}},
    {SourceType::f16, "f16", {1, 2}},
    {SourceType::bf16, "bf16", {1, 2}},
    {SourceType::q4_0, "q4_0", {32, 18}},
    {SourceType::q4_1, "q4_1", {32, 20}},
    {SourceType::q5_0, "q5_0", {32, 22}},
    {SourceType::q5_1, "q5_1", {32, 24}},
    {SourceType::q8_0, "q8_0", {32, 34}},
    {SourceType::q2_k, "q2_k", {256, 84}},
    {SourceType::q3_k, "q3_k", {256, 110}},
    {SourceType::q4_k, "q4_k", {256, 144}},
    {SourceType::q5_k, "q5_k", {256, 176}},
    {SourceType::q6_k, "q6_k", {256, 210}},
    {SourceType::iq1_s, "iq1_s", {256, 50}},
    {SourceType::iq1_m, "iq1_m", {256, 56}},
    {SourceType::iq2_xxs, "iq2_xxs", {256, 66}},
    {SourceType::iq2_xs, "iq2_xs", {256, 74}},
    {SourceType::iq2_s, "iq2_s", {256, 82}},
    {SourceType::iq3_xxs, "iq3_xxs", {256, 98}},
    {SourceType::iq3_s, "iq3_s", {256, 110}},
    {SourceType::iq4_nl, "iq4_nl", {32, 18}},
    {SourceType::iq4_xs, "iq4_xs", {256, 136}},
    {SourceType::tq1_0, "tq1_0", {256, 54}},
    {SourceType::tq2_0, "tq2_0", {256, 66}},
    {SourceType::mxfp4, "mxfp4", {32, 17}},
    {SourceType::nvfp4, "nvfp4", {64, 36}},
};

const TypeRow& row_of(SourceType type) {
    for (const TypeRow& row : kTypes) {
        if (row.type == type) return row;
    }
    fail(ErrorCode::internal, "unknown source type {}", static_cast<int>(type));
}

std::string lower_extension(const fs::path& path) {
    std::string extension = path.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return extension;
}

bool starts_with_magic(const fs::path& path) {
    std::array<char, 4> head{};
    std::ifstream file(path, std::ios::binary);
    return file.read(head.data(), head.size()) && std::string_view(head.data(), head.size()) == "GGUF";
}

[[noreturn]] void fail_not_found(const fs::path& source) {
    fail(ErrorCode::not_found,
         "'{}' does not exist; expected a Hugging Face folder (config.json, *.safetensors), a .gguf file, an "
         "OpenVINO IR or a hub's ORG/NAME",
         printable(source.generic_string()));
}

}  // namespace

const char* source_type_name(SourceType type) {
    return row_of(type).name;
}

std::string stored_type_name(const SourceTensor& tensor) {
    return tensor.packed != nullptr ? tensor.packed->type_name() : source_type_name(tensor.type);
}

BlockLayout block_layout(SourceType type) {
    return row_of(type).layout;
}

const std::map<std::string, std::string, std::less<>>& Checkpoint::unusable() const {
    static const std::map<std::string, std::string, std::less<>> none;
    return none;
}

const std::vector<std::string>& Checkpoint::notes() const {
    static const std::vector<std::string> none;
    return none;
}

const std::vector<std::string>& Checkpoint::warnings() const {
    static const std::vector<std::string> none;
    return none;
}

const std::optional<EmbedderModules>& Checkpoint::embedder() const {
    static const std::optional<EmbedderModules> none;
    return none;
}

std::unique_ptr<Checkpoint> open_checkpoint(const fs::path& source) {
    std::error_code error;
    const fs::file_status status = fs::status(source, error);
    if (status.type() == fs::file_type::not_found) fail_not_found(source);
    if (status.type() == fs::file_type::none) {
        fail(ErrorCode::io, "cannot look at '{}': {}", printable(source.string()), error.message());
    }
    if (fs::is_directory(status)) return open_hf_folder(source);
    if (!fs::is_regular_file(status)) {
        fail(ErrorCode::invalid_input, "'{}' is neither a file nor a folder", printable(source.string()));
    }
    const std::string extension = lower_extension(source);
    if (extension == ".gguf") return open_gguf(source);
    if (extension == ".safetensors") {
        const fs::path folder = source.parent_path();
        return open_hf_folder(folder.empty() ? fs::path(".") : folder);
    }
    // Under any other name: ollama's blobs, and what a browser saved.
    if (starts_with_magic(source)) return open_gguf(source);
    fail(ErrorCode::unsupported,
         "'{}' is neither a folder nor a .gguf or .safetensors file; give the Hugging Face folder or the "
         ".gguf file",
         printable(source.string()));
}

}  // namespace ovenbird
