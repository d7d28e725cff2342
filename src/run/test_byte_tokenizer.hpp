#pragma once
// For tests: a tokenizer whose ids are the bytes of the text.

#include <string>

#include "base/json.hpp"

namespace ovenbird {

/// A byte-level tokenizer of the 256 bytes and <end> (256); with `merges`, "ab" is a token, too (257).
inline Json byte_tokenizer(bool merges = false) {
    Json vocab = Json::object();
    int next_stranger = 256;
    for (int byte = 0; byte < 256; ++byte) {
        // GPT-2's alphabet: printable bytes stand for themselves, the others for the code points from 256 on.
        const bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
        const int code = printable ? byte : next_stranger++;
        std::string symbol;
        if (code < 128) {
            symbol = static_cast<char>(code);
        } else {
            symbol = {static_cast<char>(0xC0 | (code >> 6)), static_cast<char>(0x80 | (code & 0x3F))};
        }
        vocab[symbol] = byte;
    }
    Json merged = Json::array();
    if (merges) {
        vocab["<end>"] = 256;
        vocab["ab"] = 257;
        merged.push_back("a b");
    }
    return {
        {"version", "1.0"},
        {"added_tokens",
         {{{"id", 256},
           {"content", "<end>"},
           {"special", true},
           {"single_word", false},
           {"lstrip", false},
           {"rstrip", false},
           {"normalized", false}}}},
        {"normalizer", nullptr},
        {"pre_tokenizer",
         {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}}},
        {"post_processor", nullptr},
        {"decoder",
         {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}}},
        {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", merged}}}};
}

}  // namespace ovenbird
