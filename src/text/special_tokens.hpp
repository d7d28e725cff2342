#pragma once
// The special tokens that a Hugging Face folder names beside its tokenizer.json.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ovenbird {

struct SpecialTokens {
    std::optional<std::string> bos, eos, pad;
    /// eos_token_id of generation_config.json, then of config.json, each id once; empty when neither says.
    std::vector<int64_t> eos_ids;
};

/// Reads what the folder has of tokenizer_config.json, special_tokens_map.json, generation_config.json and
/// config.json; files that are absent say nothing. Errors: io, invalid_input.
SpecialTokens read_special_tokens(const std::filesystem::path& folder);

}  // namespace ovenbird
