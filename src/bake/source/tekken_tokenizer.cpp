#include <algorithm>
#include <array>

#include "bake/source/printable.hpp"
#include "bake/source/tokenizer_json.hpp"
#include "bake/source/tokenizer_sources.hpp"
#include "base/error.hpp"
#include "base/platform/files.hpp"

namespace ovenbird {
namespace {

constexpr uint64_t kMaxTekkenBytes = uint64_t{128} << 20;
constexpr int64_t kMostTokens = 1 << 22;
constexpr size_t kMaxTokenBytes = 1024;  // splitting a token is quadratic

// What the files before version 7 leave to the reader; the rest up to the count is <SPECIAL_n>.
constexpr std::array kOlderSpecials{"<unk>",
                                    "<s>",
                                    "</s>",
                                    "[INST]",
                                    "[/INST]",
                                    "[AVAILABLE_TOOLS]",
                                    "[/AVAILABLE_TOOLS]",
                                    "[TOOL_RESULTS]",
                                    "[/TOOL_RESULTS]",
                                    "[TOOL_CALLS]",
                                    "[IMG]",
                                    "<pad>",
                                    "[IMG_BREAK]",
                                    "[IMG_END]",
                                    "[PREFIX]",
                                    "[MIDDLE]",
                                    "[SUFFIX]",
                                    "[SYSTEM_PROMPT]",
                                    "[/SYSTEM_PROMPT]",
                                    "[TOOL_CONTENT]"};

std::string utf8(uint32_t point) {  // below U+0800
    if (point < 0x80) return {static_cast<char>(point)};
    return {static_cast<char>(0xC0 | point >> 6), static_cast<char>(0x80 | (point & 0x3F))};
}

/// GPT-2's letters for bytes: those that print stand for themselves, the others follow from U+0100 on.
std::array<std::string, 256> byte_letters() {
    std::array<std::string, 256> letters;
    uint32_t next = 256;
    for (uint32_t byte = 0; byte < 256; ++byte) {
        const bool prints = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
        letters[byte] = utf8(prints ? byte : next++);
    }
    return letters;
}

std::optional<std::string> from_base64(std::string_view text) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    while (text.ends_with('='))
        text.remove_suffix(1);
    std::string bytes;
    uint32_t held = 0;
    int bits = 0;
    for (const char c : text) {
        const size_t digit = kDigits.find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        held = held << 6 | static_cast<uint32_t>(digit);
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        bytes += static_cast<char>(held >> bits & 0xFF);
    }
    return bytes;
}

class Tekken {
public:
    Tekken(const Json& json, std::string origin) : file_(json, std::move(origin)) {
        const auto config = file_.object("config");
        if (!config)
            fail(ErrorCode::invalid_input, "{}: 'config' is missing; download it again", file_.origin());
        pattern_ = config->text("pattern");
        special_count_ = config->integer_in("default_num_special_tokens", 3, kMostTokens);
        size_ = config->integer_in("default_vocab_size", special_count_, kMostTokens) - special_count_;
        read_specials();
        read_tokens();
    }

    const std::string& pattern() const { return pattern_; }
    const std::vector<std::string>& specials() const { return specials_; }
    std::vector<std::pair<std::string_view, int64_t>> tokens() const {
        std::vector<std::pair<std::string_view, int64_t>> all;
        all.reserve(specials_.size() + texts_.size());
        for (const std::string& text : specials_)
            all.emplace_back(text, static_cast<int64_t>(all.size()));
        for (const std::string& text : texts_)
            all.emplace_back(text, static_cast<int64_t>(all.size()));
        return all;
    }
    std::vector<MergeTexts> merges() const;

private:
    [[noreturn]] void broken(size_t rank) const {
        fail(ErrorCode::invalid_input, "{}: vocab[{}] is not a token of that rank; download the file again",
             file_.origin(), rank);
    }
    void read_specials();
    void read_tokens();

    JsonObject file_;
    std::string pattern_;
    int64_t special_count_ = 0, size_ = 0;
    std::vector<std::string> specials_;
    std::vector<std::string> texts_;  // in the letters of bytes, by rank
    std::vector<std::string> bytes_;
    std::unordered_map<std::string_view, int64_t> ranks_;  // of bytes_
};

void Tekken::read_specials() {
    for (int64_t id = 0; id < special_count_; ++id)
        specials_.push_back(fmt::format("<SPECIAL_{}>", id));
    if (!file_.has("special_tokens")) {
        for (size_t id = 0; id < kOlderSpecials.size() && id < specials_.size(); ++id)
            specials_[id] = kOlderSpecials[id];
        return;
    }
    for (const Json& item : file_.array("special_tokens")) {
        const JsonObject token(item, file_.origin() + ": special_tokens");
        specials_[static_cast<size_t>(token.integer_in("rank", 0, special_count_ - 1))] =
            token.text("token_str");
    }
}

void Tekken::read_tokens() {
    const Json& vocab = file_.array("vocab");
    if (vocab.size() < static_cast<size_t>(size_)) {
        fail(ErrorCode::invalid_input,
             "{}: {} tokens, config.default_vocab_size promises {}; download it again", file_.origin(),
             vocab.size(), size_);
    }
    const auto letters = byte_letters();
    for (size_t rank = 0; rank < static_cast<size_t>(size_); ++rank) {
        const JsonObject token(vocab[rank], fmt::format("{}: vocab[{}]", file_.origin(), rank));
        auto bytes = from_base64(token.text("token_bytes"));
        if (!bytes || bytes->empty() || bytes->size() > kMaxTokenBytes ||
            token.integer("rank") != static_cast<int64_t>(rank))
            broken(rank);
        std::string text;
        for (const char byte : *bytes)
            text += letters[static_cast<uint8_t>(byte)];
        texts_.push_back(std::move(text));
        bytes_.push_back(std::move(*bytes));
    }
    for (size_t rank = 0; rank < bytes_.size(); ++rank) {
        if (!ranks_.emplace(bytes_[rank], static_cast<int64_t>(rank)).second) broken(rank);
    }
}

// Every way to make a token of two others, by the token's rank: the pair of lowest rank is joined first.
std::vector<MergeTexts> Tekken::merges() const {
    std::vector<MergeTexts> merges;
    std::vector<std::pair<int64_t, int64_t>> ways;
    for (const std::string& token : bytes_) {
        const std::string_view text = token;
        ways.clear();
        for (size_t at = 1; at < text.size(); ++at) {
            const auto left = ranks_.find(text.substr(0, at));
            const auto right = ranks_.find(text.substr(at));
            if (left != ranks_.end() && right != ranks_.end()) ways.emplace_back(left->second, right->second);
        }
        std::sort(ways.begin(), ways.end());
        for (const auto& [left, right] : ways)
            merges.emplace_back(texts_[static_cast<size_t>(left)], texts_[static_cast<size_t>(right)]);
    }
    return merges;
}

}  // namespace

std::string tokenizer_of_tekken(const std::filesystem::path& file, TokenizerSettings& settings) {
    const std::string origin = printable(file.string());
    const Json json = parse_json(read_file(file, kMaxTekkenBytes), origin);
    const Tekken tekken(json, origin);
    const auto id_of = [&](const std::optional<std::string>& text) -> std::optional<NamedId> {
        const auto& all = tekken.specials();
        const auto found = text ? std::find(all.begin(), all.end(), *text) : all.end();
        if (found == all.end()) return std::nullopt;
        return NamedId(*text, found - all.begin());
    };
    const auto bos = id_of(settings.settle_token("bos_token", "<s>"));
    const auto eos = id_of(settings.settle_token("eos_token", "</s>"));
    settings.settle_token("unk_token", "<unk>");
    TokenizerParts parts;
    for (size_t id = 0; id < tekken.specials().size(); ++id)
        parts.added_tokens.push_back(added_token(static_cast<int64_t>(id), tekken.specials()[id], true));
    parts.pre_tokenizer = {
        {"type", "Sequence"},
        {"pretokenizers", Json::array({split_step(tekken.pattern()), byte_level_step(false, false)})}};
    parts.post_processor =
        bos_eos_processor(settings.settle_flag("add_bos_token", true) ? bos : std::nullopt,
                          settings.settle_flag("add_eos_token", false) ? eos : std::nullopt);
    parts.decoder = byte_level_step(true, true);
    parts.model =
        bpe_model_text({.unknown = std::nullopt, .ignore_merges = true}, tekken.tokens(), tekken.merges());
    return tokenizer_json_text(parts);
}

}  // namespace ovenbird
