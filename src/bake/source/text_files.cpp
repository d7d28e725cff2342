#include <array>

#include "bake/source/checkpoint.hpp"
#include "bake/source/hf_files.hpp"
#include "base/platform/files.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxTextBytes = uint64_t{512} << 20;

// What run needs beside the IR. Weights, code (*.py) and anything else stay behind.
constexpr const char* kTemplatesFolder = "additional_chat_templates";
constexpr std::array kTextFiles{
    "config.json",         "generation_config.json",
    "tokenizer.json",      "tokenizer_config.json",
    "chat_template.jinja", "special_tokens_map.json",
    "chat_template.json",  "added_tokens.json",
    "vocab.json",          "merges.txt",
    "tokenizer.model",     "tekken.json",
};

}  // namespace

std::vector<std::string> copy_text_files(const fs::path& from, const fs::path& to) {
    std::vector<std::string> written;
    for (const char* name : kTextFiles) {
        if (!is_file(from / name)) continue;
        write_file(to / name, read_file(from / name, kMaxTextBytes));
        written.emplace_back(name);
    }
    if (!fs::is_directory(from / kTemplatesFolder)) return written;
    for (const auto& name : names_ending(from / kTemplatesFolder, ".jinja")) {
        const fs::path inner = fs::path(kTemplatesFolder) / name;
        fs::create_directories(to / kTemplatesFolder);
        write_file(to / inner, read_file(from / inner, kMaxTextBytes));
        written.push_back(inner.generic_string());
    }
    return written;
}

}  // namespace ovenbird
