#include "text/test_tokenizers.hpp"

#include <fmt/format.h>

#include <fstream>

namespace ovenbird::testing_text {
namespace {

/// UTF-8 of a code point below U+0800.
std::string utf8(int point) {
    if (point < 0x80) return std::string(1, static_cast<char>(point));
    return {static_cast<char>(0xC0 | point >> 6), static_cast<char>(0x80 | (point & 0x3F))};
}

Json added(int id, const std::string& content) {
    return {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
            {"rstrip", false}, {"normalized", false}, {"special", true}};
}

Json skeleton() {
    return {{"version", "1.0"},          {"truncation", nullptr},
            {"padding", nullptr},        {"added_tokens", Json::array()},
            {"normalizer", nullptr},     {"pre_tokenizer", nullptr},
            {"post_processor", nullptr}, {"decoder", nullptr},
            {"model", nullptr}};
}

Json bpe(const Json& vocab, const Json& merges, bool byte_fallback) {
    return {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", nullptr},
            {"continuing_subword_prefix", nullptr},
            {"end_of_word_suffix", nullptr},
            {"fuse_unk", true},
            {"byte_fallback", byte_fallback},
            {"ignore_merges", false},
            {"vocab", vocab},
            {"merges", merges}};
}

/// Adds a token for each merge ("a b") that has none yet.
void add_merges(Json& vocab, const Json& merges) {
    for (const std::string pair : merges) {
        const size_t space = pair.find(' ');
        const std::string token = pair.substr(0, space) + pair.substr(space + 1);
        if (!vocab.contains(token)) vocab[token] = vocab.size();
    }
}

Json fallback_vocab() {
    Json vocab = {{"<unk>", 0}, {"<s>", 1}, {"</s>", 2}};
    for (int byte = 0; byte < 256; ++byte)
        vocab[fmt::format("<0x{:02X}>", byte)] = vocab.size();
    for (const char* piece : {"▁", "é", "я", "你", "好", "ا", "न"})
        vocab[piece] = vocab.size();
    for (char letter = 'a'; letter <= 'z'; ++letter)
        vocab[std::string(1, letter)] = vocab.size();
    return vocab;
}

}  // namespace

void write(const std::filesystem::path& path, const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
}

testing::AssertionResult contains(const std::string& text, const std::string& part) {
    if (text.find(part) != std::string::npos) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "'" << part << "' is not in '" << text << "'";
}

Json byte_level_json() {
    Json vocab = Json::object();
    int beyond = 256;
    for (int byte = 0; byte < 256; ++byte) {
        // Printable bytes stand for themselves, the others for code points from U+0100 on.
        const bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
        vocab[utf8(printable ? byte : beyond++)] = byte;
    }
    const Json merges = {"h e", "l l", "he ll", "hell o", "Ġ hello", "ð Ł", "ðŁ ĺ", "Ġ w", "Ġ Ġ"};
    add_merges(vocab, merges);
    const int specials = static_cast<int>(vocab.size());
    Json json = skeleton();
    json["added_tokens"] = {added(specials, "<|bos|>"), added(specials + 1, "<|eos|>"),
                            added(specials + 2, "<|pad|>")};
    const Json level = {
        {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};
    json["pre_tokenizer"] = level;
    json["decoder"] = level;
    json["model"] = bpe(vocab, merges, false);
    return json;
}

Json byte_fallback_json() {
    Json vocab = fallback_vocab();
    const Json merges = {"h e", "l l", "he ll", "hell o", "▁ hello", "▁ ▁", "▁ w"};
    add_merges(vocab, merges);
    Json json = skeleton();
    json["added_tokens"] = {added(0, "<unk>"), added(1, "<s>"), added(2, "</s>")};
    const Json space = {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "▁"}};
    json["normalizer"] = {{"type", "Sequence"},
                          {"normalizers", Json::array({{{"type", "Prepend"}, {"prepend", "▁"}}, space})}};
    const Json sentence = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
    const Json start = {{"SpecialToken", {{"id", "<s>"}, {"type_id", 0}}}};
    json["post_processor"] = {
        {"type", "TemplateProcessing"},
        {"single", Json::array({start, sentence})},
        {"pair", Json::array({start, sentence, sentence})},
        {"special_tokens", {{"<s>", {{"id", "<s>"}, {"ids", {1}}, {"tokens", {"<s>"}}}}}}};
    const Json unspace = {{"type", "Replace"}, {"pattern", {{"String", "▁"}}}, {"content", " "}};
    const Json strip = {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}};
    json["decoder"] = {
        {"type", "Sequence"},
        {"decoders", Json::array({unspace, {{"type", "ByteFallback"}}, {{"type", "Fuse"}}, strip})}};
    json["model"] = bpe(vocab, merges, true);
    return json;
}

Json metaspace_json() {
    Json json = byte_fallback_json();
    const Json space = {
        {"type", "Metaspace"}, {"replacement", "▁"}, {"prepend_scheme", "first"}, {"split", false}};
    json["normalizer"] = nullptr;
    json["pre_tokenizer"] = space;
    json["decoder"] = {{"type", "Sequence"}, {"decoders", Json::array({{{"type", "ByteFallback"}}, space})}};
    return json;
}

Json word_piece_json() {
    Json vocab = Json::object();
    for (const char* piece :
         {"[UNK]", "[CLS]", "[SEP]", "hello", "world", "##s", "##ing", ".", ",", "你", "!"}) {
        vocab[piece] = vocab.size();
    }
    Json json = skeleton();
    json["added_tokens"] = {added(0, "[UNK]"), added(1, "[CLS]"), added(2, "[SEP]")};
    json["pre_tokenizer"] = {{"type", "BertPreTokenizer"}};
    json["decoder"] = {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}};
    json["model"] = {{"type", "WordPiece"},
                     {"unk_token", "[UNK]"},
                     {"continuing_subword_prefix", "##"},
                     {"max_input_chars_per_word", 100},
                     {"vocab", vocab}};
    return json;
}

Tokenizer load_json(const Json& tokenizer) {
    const TestFolder folder;
    write(folder / "tokenizer.json", tokenizer.dump());
    return Tokenizer::load(folder.path());
}

}  // namespace ovenbird::testing_text
