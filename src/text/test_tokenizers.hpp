#pragma once
// Small tokenizers of the kinds that models come with, written into folders for tests.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/json.hpp"
#include "base/test_folder.hpp"
#include "text/tokenizer.hpp"

namespace ovenbird::testing_text {

/// Writes a file of a test's folder.
void write(const std::filesystem::path& path, const std::string& content);

/// True when `text` holds `part`; says what it holds instead.
testing::AssertionResult contains(const std::string& text, const std::string& part);

/// Byte-level BPE as in GPT-2 and Llama 3: all 256 bytes, a few merges, <|bos|>, <|eos|> and <|pad|> at the
/// end.
Json byte_level_json();
/// BPE with byte fallback as in Llama 2: ▁ for spaces, <unk> <s> </s>, 256 <0x..> tokens, BOS by
/// post-processor.
Json byte_fallback_json();
/// The same vocabulary with a Metaspace decoder, as in T5 and newer Llama 2 conversions.
Json metaspace_json();
/// WordPiece as in BERT.
Json word_piece_json();

/// Loads one of the above through a folder of its own.
Tokenizer load_json(const Json& tokenizer);

}  // namespace ovenbird::testing_text
