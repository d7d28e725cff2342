#include <algorithm>
#include <iterator>

#include "bake/source/printable.hpp"
#include "bake/source/spm_model.hpp"
#include "bake/source/tokenizer_json.hpp"
#include "bake/source/tokenizer_sources.hpp"
#include "base/error.hpp"
#include "base/platform/mapped_file.hpp"

namespace ovenbird {
namespace {

using Ids = std::unordered_map<std::string_view, int64_t>;

// Classes that transformers converts by one rule, Llama's; no class at all is taken for it.
constexpr std::string_view kLlamaClasses[] = {"",
                                              "LlamaTokenizer",
                                              "LlamaTokenizerFast",
                                              "CodeLlamaTokenizer",
                                              "CodeLlamaTokenizerFast",
                                              "PreTrainedTokenizerFast",
                                              "TokenizersBackend",
                                              "MistralCommonTokenizer",
                                              "MistralCommonBackend"};

void check_class(const TokenizerSettings& settings, const std::string& origin) {
    const std::string name = settings.tokenizer_class();
    if (std::find(std::begin(kLlamaClasses), std::end(kLlamaClasses), name) != std::end(kLlamaClasses))
        return;
    fail(ErrorCode::unsupported,
         "{}: how tokenizer_class '{}' splits text is not known, only LlamaTokenizer is", origin,
         printable(name));
}

PrefixRule prefix_rule(const TokenizerSettings& settings, const SpmModel& model, const Ids& ids) {
    if (!settings.flag("add_prefix_space").value_or(true)) return PrefixRule::none;
    const auto mark = ids.find("[INST]");
    const bool marked =
        mark != ids.end() && model.pieces[static_cast<size_t>(mark->second)].kind == SpmKind::control;
    return settings.flag("legacy").value_or(!marked) ? PrefixRule::legacy : PrefixRule::beginning;
}

const char* rule_text(PrefixRule rule, bool said) {
    switch (rule) {
        case PrefixRule::none:
            return "no space is put before a text";
        case PrefixRule::legacy:
            return said ? "by the legacy rule, as tokenizer_config.json says"
                        : "by the legacy rule (a space behind each special token), as no file says otherwise";
        case PrefixRule::beginning:
            return said ? "by the newer rule, as tokenizer_config.json says"
                        : "by the newer rule (a space at the beginning only), as the vocabulary has a token "
                          "[INST]";
    }
    return "";
}

std::string bpe_text(const SpmModel& model, const Ids& ids, const std::string& origin) {
    std::vector<std::string_view> texts;
    std::vector<float> scores;
    std::vector<std::pair<std::string_view, int64_t>> tokens;
    for (size_t id = 0; id < model.pieces.size(); ++id) {
        const SpmPiece& piece = model.pieces[id];
        texts.push_back(piece.text);
        scores.push_back(id < 3 ? 0.0F : piece.score);  // as transformers' LlamaConverter has it
        if (ids.at(piece.text) == static_cast<int64_t>(id)) tokens.emplace_back(piece.text, id);
    }
    std::vector<MergeTexts> merges;
    for (const auto& [left, right] : derive_merges(texts, scores, ids, origin))
        merges.emplace_back(texts[static_cast<size_t>(left)], texts[static_cast<size_t>(right)]);
    BpeSettings settings{.unknown = std::nullopt, .byte_fallback = true};
    if (ids.contains(model.unknown)) settings.unknown = std::string(model.unknown);
    return bpe_model_text(settings, tokens, merges);
}

std::string unigram_text(const SpmModel& model) {
    std::string text = R"({"type": "Unigram", "unk_id": 0, "byte_fallback": true, "vocab": [)";
    const char* separator = "\n";
    for (size_t id = 0; id < model.pieces.size(); ++id) {
        const SpmPiece& piece = model.pieces[id];
        const double score = id < 3 ? 0.0 : static_cast<double>(piece.score);
        text += separator;
        text += "[" + Json(piece.text).dump() + ", " + Json(score).dump() + "]";
        separator = ",\n";
    }
    return text + "]}";
}

Json added_tokens(const SpmModel& model, const Ids& ids,
                  const std::vector<std::optional<std::string>>& named) {
    Json list = Json::array();
    for (size_t id = 0; id < model.pieces.size(); ++id) {
        const SpmPiece& piece = model.pieces[id];
        const bool is_named = std::any_of(named.begin(), named.end(),
                                          [&](const auto& text) { return text && *text == piece.text; });
        const bool special = is_named || piece.kind == SpmKind::control;
        if (!special && piece.kind != SpmKind::user_defined) continue;
        if (piece.text.empty() || ids.at(piece.text) != static_cast<int64_t>(id)) continue;
        list.push_back(added_token(static_cast<int64_t>(id), piece.text, special));
    }
    return list;
}

}  // namespace

std::string tokenizer_of_spm(const std::filesystem::path& file, TokenizerSettings& settings,
                             std::string& rule) {
    const std::string origin = printable(file.string());
    check_class(settings, origin);
    const auto map = MappedFile::open(file);
    const SpmModel model = parse_spm_model(map->bytes(), origin);
    if (model.algorithm != SpmAlgorithm::bpe && model.algorithm != SpmAlgorithm::unigram) {
        fail(ErrorCode::unsupported,
             "{}: SentencePiece model of type {}, and only unigram (1) and BPE (2) are known", origin,
             static_cast<int64_t>(model.algorithm));
    }
    Ids ids;
    for (size_t id = 0; id < model.pieces.size(); ++id)
        ids[model.pieces[id].text] = static_cast<int64_t>(id);  // of equal texts the last, as transformers
    const auto bos = settings.settle_token("bos_token", "<s>");
    const auto eos = settings.settle_token("eos_token", "</s>");
    const auto unknown = settings.settle_token("unk_token", "<unk>");
    const auto named = [&](bool wanted, const std::optional<std::string>& text) -> std::optional<NamedId> {
        if (!wanted || !text || !ids.contains(*text)) return std::nullopt;
        return NamedId(*text, ids.at(*text));
    };
    const bool add_bos = settings.settle_flag("add_bos_token", true);
    const bool add_eos = settings.settle_flag("add_eos_token", false);
    TokenizerParts parts;
    parts.added_tokens = added_tokens(model, ids, {bos, eos, unknown});
    parts.post_processor = bos_eos_processor(named(add_bos, bos), named(add_eos, eos));
    parts.model = model.algorithm == SpmAlgorithm::bpe ? bpe_text(model, ids, origin) : unigram_text(model);
    const PrefixRule prefix = prefix_rule(settings, model, ids);
    rule = rule_text(prefix, settings.flag("legacy").has_value());
    set_spm_steps(parts, prefix);
    return tokenizer_json_text(parts);
}

}  // namespace ovenbird
