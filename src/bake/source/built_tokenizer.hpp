#pragma once
// A tokenizer.json for a folder that has only what it was made from: a SentencePiece model, vocab.json with
// merges.txt, or Mistral's tekken.json.

#include <filesystem>
#include <string>
#include <vector>

namespace ovenbird {

struct BuiltTokenizer {
    std::string tokenizer;         // tokenizer.json; empty: the folder has its own, or nothing can be made
    std::string tokenizer_config;  // tokenizer_config.json with what its class takes for granted
    std::string note;              // what was made of what
    std::string warning;           // why nothing can be made, and what to fetch
};

/// Splits and ids are those of transformers' conversion of the same files (of its version 4, whose default is
/// the legacy prefix rule). Files that cannot be used give a warning, as a model without a tokenizer still
/// takes token ids. Errors: io.
BuiltTokenizer build_tokenizer(const std::filesystem::path& folder);

/// Writes the two files into `folder` and adds their names to `written`, once. Errors: io, no_space.
void write_built_tokenizer(const BuiltTokenizer& built, const std::filesystem::path& folder,
                           std::vector<std::string>& written);

}  // namespace ovenbird
