#include "bake/source/gguf_tokenizer.hpp"

#include "bake/source/gguf_vocabulary.hpp"
#include "bake/source/printable.hpp"
#include "bake/source/tokenizer_json.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

void read_automatic_tokens(const GgufMetadata& metadata, bool bos_by_default, Vocabulary& vocabulary) {
    vocabulary.add_bos = metadata.boolean("tokenizer.ggml.add_bos_token").value_or(bos_by_default) &&
                         vocabulary.bos.has_value();
    vocabulary.add_eos =
        metadata.boolean("tokenizer.ggml.add_eos_token").value_or(false) && vocabulary.eos.has_value();
}

Json added_tokens(const Vocabulary& vocabulary) {
    Json list = Json::array();
    for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
        const TokenKind kind = vocabulary.kinds[id];
        const std::string_view text = vocabulary.tokens[id];
        if (!is_added(kind) || text.empty() || vocabulary.ids.at(text) != static_cast<int64_t>(id)) continue;
        list.push_back(added_token(static_cast<int64_t>(id), text, is_special(kind)));
    }
    return list;
}

Json post_processor(const Vocabulary& vocabulary) {
    const auto named = [&](bool wanted, std::optional<int64_t> id) -> std::optional<NamedId> {
        if (!wanted || !id) return std::nullopt;
        return NamedId(vocabulary.text(*id), *id);
    };
    return bos_eos_processor(named(vocabulary.add_bos, vocabulary.bos),
                             named(vocabulary.add_eos, vocabulary.eos));
}

std::string model_text(const BpeSettings& settings, const Vocabulary& vocabulary,
                       const std::vector<Merge>& merges) {
    std::vector<std::pair<std::string_view, int64_t>> tokens;
    for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
        const std::string_view text = vocabulary.tokens[id];
        if (vocabulary.ids.at(text) == static_cast<int64_t>(id)) tokens.emplace_back(text, id);
    }
    std::vector<MergeTexts> texts;
    texts.reserve(merges.size());
    for (const Merge& merge : merges)
        texts.emplace_back(vocabulary.tokens[static_cast<size_t>(merge.left)],
                           vocabulary.tokens[static_cast<size_t>(merge.right)]);
    return bpe_model_text(settings, tokens, texts);
}

std::string byte_level_tokenizer(const GgufMetadata& metadata, const std::string& architecture,
                                 Vocabulary& vocabulary) {
    auto name = metadata.text("tokenizer.ggml.pre");
    if (!name && architecture.starts_with("qwen")) name = "qwen2";  // the only one these models have
    if (!name) {
        fail(ErrorCode::unsupported,
             "{}: metadata tokenizer.ggml.pre is missing, so how text is to be split is unknown; convert the "
             "model again with a current converter, or bake its Hugging Face folder",
             metadata.origin());
    }
    const PreTokenizer pre = gguf_pre_tokenizer(*name, metadata.origin());
    read_automatic_tokens(metadata, pre.add_bos, vocabulary);
    const auto merges = read_bpe_merges(metadata, vocabulary);
    const BpeSettings settings{.unknown = std::nullopt, .ignore_merges = pre.ignore_merges};
    return tokenizer_json_text({.added_tokens = added_tokens(vocabulary),
                                .normalizer = pre.normalizer,
                                .pre_tokenizer = pre.pre_tokenizer,
                                .post_processor = post_processor(vocabulary),
                                .decoder = byte_level_step(false, true),
                                .model = model_text(settings, vocabulary, merges)});
}

// A GGUF has no flag for transformers' `legacy`. The models whose turns are marked by tokens of their own
// (Mistral's from its second tokenizer on) were trained by the newer rule, as a turn's text has its own space
// behind the mark; the others (Llama 2) by the older one, which llama.cpp follows too.
PrefixRule spm_prefix_rule(const GgufMetadata& metadata, const Vocabulary& vocabulary) {
    if (!metadata.boolean("tokenizer.ggml.add_space_prefix").value_or(true)) return PrefixRule::none;
    const auto mark = vocabulary.ids.find("[INST]");
    const bool marked =
        mark != vocabulary.ids.end() && is_special(vocabulary.kinds[static_cast<size_t>(mark->second)]);
    return marked ? PrefixRule::beginning : PrefixRule::legacy;
}

const char* prefix_note(PrefixRule rule) {
    switch (rule) {
        case PrefixRule::none:
            return "SentencePiece vocabulary: no space is put before a text (the file says so)";
        case PrefixRule::legacy:
            return "SentencePiece vocabulary: a space before a text and behind each special token (the "
                   "legacy "
                   "rule, as the vocabulary has no token [INST])";
        case PrefixRule::beginning:
            return "SentencePiece vocabulary: a space at the beginning of a text only (the newer rule, as "
                   "the "
                   "vocabulary has a token [INST])";
    }
    return "";
}

std::string sentencepiece_tokenizer(const GgufMetadata& metadata, Vocabulary& vocabulary, PrefixRule rule) {
    read_automatic_tokens(metadata, true, vocabulary);
    const auto merges = derive_spm_merges(metadata, vocabulary);
    BpeSettings settings{.unknown = std::nullopt, .byte_fallback = true};
    if (vocabulary.unknown) settings.unknown = vocabulary.text(*vocabulary.unknown);
    TokenizerParts parts;
    parts.added_tokens = added_tokens(vocabulary);
    parts.post_processor = post_processor(vocabulary);
    parts.model = model_text(settings, vocabulary, merges);
    set_spm_steps(parts, rule);
    return tokenizer_json_text(parts);
}

std::string tokenizer_config_text(const GgufMetadata& metadata, const Vocabulary& vocabulary) {
    Json config;
    config["tokenizer_class"] = "PreTrainedTokenizerFast";
    config["add_bos_token"] = vocabulary.add_bos;
    config["add_eos_token"] = vocabulary.add_eos;
    config["clean_up_tokenization_spaces"] = false;
    const std::pair<const char*, std::optional<int64_t>> specials[] = {{"bos_token", vocabulary.bos},
                                                                       {"eos_token", vocabulary.eos},
                                                                       {"unk_token", vocabulary.unknown},
                                                                       {"pad_token", vocabulary.pad}};
    for (const auto& [name, id] : specials) {
        if (id) config[name] = vocabulary.text(*id);
    }
    if (const auto chat = metadata.text("tokenizer.chat_template")) {
        if (!is_utf8(*chat)) {
            fail(ErrorCode::invalid_input, "{}: metadata tokenizer.chat_template is not UTF-8",
                 metadata.origin());
        }
        config["chat_template"] = *chat;
    }
    return config.dump(2) + "\n";
}

std::string generation_config_text(const Vocabulary& vocabulary) {
    Json config = Json::object();
    if (vocabulary.bos) config["bos_token_id"] = *vocabulary.bos;
    if (vocabulary.stops.size() == 1) config["eos_token_id"] = vocabulary.stops[0];
    if (vocabulary.stops.size() > 1) config["eos_token_id"] = vocabulary.stops;
    if (vocabulary.pad) config["pad_token_id"] = *vocabulary.pad;
    return config.dump(2) + "\n";
}

}  // namespace

TokenizerFiles make_gguf_tokenizer(const GgufMetadata& metadata, const std::string& architecture,
                                   int64_t rows) {
    const auto model = metadata.text("tokenizer.ggml.model");
    if (!model || *model == "none") return {};
    if (*model != "gpt2" && *model != "llama") {
        fail(ErrorCode::unsupported,
             "{}: tokenizer '{}' (tokenizer.ggml.model) is not known; known: gpt2, llama. Bake the model's "
             "Hugging "
             "Face folder instead",
             metadata.origin(), printable(*model));
    }
    Vocabulary vocabulary = read_vocabulary(metadata, rows);
    TokenizerFiles files;
    if (*model == "gpt2") {
        files.tokenizer = byte_level_tokenizer(metadata, architecture, vocabulary);
    } else {
        const PrefixRule rule = spm_prefix_rule(metadata, vocabulary);
        files.tokenizer = sentencepiece_tokenizer(metadata, vocabulary, rule);
        files.note = prefix_note(rule);
    }
    files.tokenizer_config = tokenizer_config_text(metadata, vocabulary);
    files.generation_config = generation_config_text(vocabulary);
    return files;
}

}  // namespace ovenbird
