#pragma once
// Small tokenizers of the kinds that models come with, written into folders for tests.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/json.hpp"
#include "text/tokenizer.hpp"

namespace ovenbird::testing_text {

/// A folder that is gone when the test ends.
class TempFolder {
public:
    explicit TempFolder(const std::string& name);
    ~TempFolder() { std::filesystem::remove_all(path_); }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }
    void write(const std::string& name, const std::string& content) const {
        std::ofstream(path_ / name, std::ios::binary) << content;
    }

private:
    std::filesystem::path path_;
};

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
