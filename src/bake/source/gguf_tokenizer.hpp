#pragma once
// A GGUF file's tokenizer.ggml.* metadata as the text files of the Hugging Face folder it was made from.

#include <cstdint>
#include <string>

#include "bake/source/gguf_metadata.hpp"

namespace ovenbird {

/// The contents of the files; empty: the GGUF has nothing to make it from.
struct TokenizerFiles {
    std::string tokenizer;          // tokenizer.json
    std::string tokenizer_config;   // tokenizer_config.json, with the chat template
    std::string generation_config;  // generation_config.json
    std::string note;               // what was decided that the file does not say
};

/// Reads tokenizer models "gpt2" (byte-level BPE, split as tokenizer.ggml.pre says) and "llama"
/// (SentencePiece's BPE with byte fallback). `architecture` decides the split where an old file does not name
/// one. A file without tokenizer gives empty texts. Errors: invalid_input (missing or contradicting arrays,
/// ids outside the vocabulary, more tokens than the embedding's `rows`); unsupported (a tokenizer model or
/// pre-tokenizer; lists the known ones).
TokenizerFiles make_gguf_tokenizer(const GgufMetadata& metadata, const std::string& architecture,
                                   int64_t rows);

}  // namespace ovenbird
