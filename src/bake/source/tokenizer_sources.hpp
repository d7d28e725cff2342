#pragma once
// The makers behind build_tokenizer(), one for each kind of file. Inside this room only.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace ovenbird {

/// What a folder's small files say of its tokenizer.
struct TokenizerSettings {
    Json config = Json::object();       // tokenizer_config.json
    Json special_map = Json::object();  // special_tokens_map.json
    std::string model_type;             // of config.json

    std::string tokenizer_class() const;
    std::optional<bool> flag(const char* key) const;
    /// A special token ("bos_token"); `fallback` (null: none) where no file names one, which is then written
    /// into `config`.
    std::optional<std::string> settle_token(const char* key, const char* fallback);
    bool settle_flag(const char* key, bool fallback);
};

/// All return the text of tokenizer.json, and settle what the class takes for granted. Errors: invalid_input,
/// unsupported (a class or an algorithm that is not known).
std::string tokenizer_of_spm(const std::filesystem::path& file, TokenizerSettings& settings,
                             std::string& rule);
std::string tokenizer_of_vocab(const std::filesystem::path& folder, TokenizerSettings& settings,
                               std::string& rule);
std::string tokenizer_of_tekken(const std::filesystem::path& file, TokenizerSettings& settings);

}  // namespace ovenbird
