#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "bake/source/printable.hpp"
#include "bake/source/tokenizer_json.hpp"
#include "bake/source/tokenizer_sources.hpp"
#include "base/error.hpp"
#include "base/platform/files.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxVocabBytes = uint64_t{64} << 20;
constexpr const char* kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

enum class ByteLevelClass { gpt2, qwen2 };

ByteLevelClass class_of(const TokenizerSettings& settings, const std::string& origin) {
    const std::string name = settings.tokenizer_class();
    if (name == "Qwen2Tokenizer" || name == "Qwen2TokenizerFast") return ByteLevelClass::qwen2;
    if (name == "GPT2Tokenizer" || name == "GPT2TokenizerFast") return ByteLevelClass::gpt2;
    if (!name.empty()) {
        fail(ErrorCode::unsupported,
             "{}: how tokenizer_class '{}' splits text is not known, only GPT2Tokenizer and Qwen2Tokenizer "
             "are",
             origin, printable(name));
    }
    // Without a class a model's own one counts.
    if (settings.model_type.starts_with("qwen")) return ByteLevelClass::qwen2;
    if (settings.model_type.starts_with("granite")) return ByteLevelClass::gpt2;
    fail(ErrorCode::unsupported,
         "{}: no file names a tokenizer_class, so how text is to be split is unknown: fetch "
         "tokenizer_config.json",
         origin);
}

// Not ordered_json: it compares each new key with all before it.
std::unordered_map<std::string, int64_t> read_vocab(const fs::path& path) {
    const std::string origin = printable(path.string());
    const auto shallow = [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
        if (depth > 2) fail(ErrorCode::invalid_input, "{}: lists inside lists; it is no vocabulary", origin);
        return true;
    };
    const std::string text = read_file(path, kMaxVocabBytes);
    const nlohmann::json json = nlohmann::json::parse(without_byte_order_mark(text), shallow, false);
    if (!json.is_object() || json.empty())
        fail(ErrorCode::invalid_input, "{}: expected a JSON object of tokens and ids", origin);
    std::unordered_map<std::string, int64_t> vocab;
    for (const auto& [token, id] : json.items()) {
        if (!id.is_number_unsigned() || id.get<uint64_t>() > INT32_MAX) {
            fail(ErrorCode::invalid_input, "{}: the id of token '{}' is no whole number of 31 bits", origin,
                 printable(token));
        }
        vocab.emplace(token, id.get<int64_t>());
    }
    return vocab;
}

std::vector<MergeTexts> read_merges(std::string_view text,
                                    const std::unordered_map<std::string, int64_t>& vocab,
                                    const std::string& origin) {
    std::vector<MergeTexts> merges;
    text = without_byte_order_mark(text);
    for (size_t line_number = 1; !text.empty(); ++line_number) {
        const size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty() || (line_number == 1 && line.starts_with("#version"))) continue;
        const size_t space = line.find(' ', 1);
        const std::string_view left = line.substr(0, space);
        const std::string_view right = space == std::string_view::npos ? "" : line.substr(space + 1);
        const bool known = vocab.contains(std::string(left)) && vocab.contains(std::string(right)) &&
                           vocab.contains(std::string(left).append(right));
        if (!known) {
            fail(ErrorCode::invalid_input,
                 "{}: line {} '{}' does not join two tokens of vocab.json into a third", origin, line_number,
                 printable(line));
        }
        merges.emplace_back(left, right);
    }
    return merges;
}

}  // namespace

std::string tokenizer_of_vocab(const fs::path& folder, TokenizerSettings& settings, std::string& rule) {
    const ByteLevelClass kind = class_of(settings, printable((folder / "vocab.json").string()));
    const auto vocab = read_vocab(folder / "vocab.json");
    const std::string merges_text = read_file(folder / "merges.txt", kMaxVocabBytes);
    const auto merges = read_merges(merges_text, vocab, printable((folder / "merges.txt").string()));
    std::vector<std::pair<std::string_view, int64_t>> tokens(vocab.begin(), vocab.end());
    std::sort(tokens.begin(), tokens.end(), [](const auto& a, const auto& b) {
        return std::tie(a.second, a.first) < std::tie(b.second, b.first);
    });
    const bool qwen = kind == ByteLevelClass::qwen2;
    const auto bos = settings.settle_token("bos_token", qwen ? nullptr : "<|endoftext|>");
    TokenizerParts parts;
    std::vector<std::optional<std::string>> named{bos};
    for (const char* key : {"eos_token", "unk_token"})
        named.push_back(settings.settle_token(key, "<|endoftext|>"));
    if (qwen) named.push_back(settings.settle_token("pad_token", "<|endoftext|>"));
    for (const auto& [text, id] : tokens) {
        const std::string_view token = text;
        if (std::any_of(named.begin(), named.end(), [&](const auto& name) { return name && *name == token; }))
            parts.added_tokens.push_back(added_token(id, token, true));
    }
    const bool prefix_space = settings.flag("add_prefix_space").value_or(false);
    if (qwen) {
        parts.normalizer = {{"type", "NFC"}};
        parts.pre_tokenizer = {
            {"type", "Sequence"},
            {"pretokenizers", Json::array({split_step(kQwen2), byte_level_step(prefix_space, false)})}};
    } else {
        parts.pre_tokenizer = byte_level_step(prefix_space, true);
    }
    if (bos && vocab.contains(*bos) && settings.flag("add_bos_token").value_or(false))
        parts.post_processor = bos_eos_processor(NamedId(*bos, vocab.at(*bos)), std::nullopt);
    parts.decoder = byte_level_step(true, true);
    parts.model = bpe_model_text({.unknown = std::nullopt}, tokens, merges);
    rule = qwen ? "text is split as Qwen2Tokenizer splits it" : "text is split as GPT2Tokenizer splits it";
    return tokenizer_json_text(parts);
}

}  // namespace ovenbird
