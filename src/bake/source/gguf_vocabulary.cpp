#include "bake/source/gguf_vocabulary.hpp"

#include <algorithm>

#include "bake/source/printable.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

// Ends of a turn or text under other names than EOS: a chat model may stop with any of them. No text has
// these by chance, so a converter that wrote one as a normal or user-defined token is corrected.
constexpr std::string_view kStopMarks[] = {
    "<|eot_id|>",         "<|im_end|>", "<|eom_id|>",          "<|end_of_text|>",
    "<|endoftext|>",      "<|end|>",    "<end_of_turn>",       "<|endofturn|>",
    "<end_of_utterance>", "<|eot|>",    "<|end_of_sentence|>", "<\uFF5Cend\u2581of\u2581sentence\uFF5C>",
};
// These end a text where they are tokens of their own; "</s>" may also be a word of HTML.
constexpr std::string_view kStopTexts[] = {"</s>", "<eos>", "[EOS]", "[EOT]", "<EOT>"};

// "[INST]", "[/AVAILABLE_TOOLS]": the marks of Mistral's templates.
bool is_bracket_mark(std::string_view text) {
    if (text.size() < 5 || !text.starts_with('[') || !text.ends_with(']')) return false;
    std::string_view name = text.substr(1, text.size() - 2);
    if (name.starts_with('/')) name.remove_prefix(1);
    return name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == std::string_view::npos;
}

// Converters write some tokens that must not show as user-defined or normal ones.
void correct_kinds(const GgufMetadata& metadata, Vocabulary& vocabulary) {
    const std::string_view chat = metadata.text("tokenizer.chat_template").value_or("");
    for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
        const std::string_view text = vocabulary.tokens[id];
        TokenKind& kind = vocabulary.kinds[id];
        if (is_special(kind) || text.size() < 3) continue;
        const auto is_text = [&](std::string_view known) { return known == text; };
        const bool stop = std::any_of(std::begin(kStopMarks), std::end(kStopMarks), is_text) ||
                          (kind == TokenKind::user_defined &&
                           std::any_of(std::begin(kStopTexts), std::end(kStopTexts), is_text));
        if (stop || (is_bracket_mark(text) && chat.find(text) != std::string_view::npos))
            kind = TokenKind::control;
    }
}

void read_tokens(const GgufMetadata& metadata, int64_t rows, Vocabulary& vocabulary) {
    const GgufStrings* tokens = metadata.texts("tokenizer.ggml.tokens");
    const GgufIntegers* kinds = metadata.integers("tokenizer.ggml.token_type");
    const std::string& origin = metadata.origin();
    if (tokens == nullptr || tokens->empty()) {
        fail(ErrorCode::invalid_input, "{}: metadata tokenizer.ggml.tokens is missing or empty", origin);
    }
    if (tokens->size() > static_cast<uint64_t>(rows)) {
        fail(ErrorCode::invalid_input, "{}: {} tokens for {} rows of token_embd.weight", origin,
             tokens->size(), rows);
    }
    if (kinds != nullptr && kinds->size() != tokens->size()) {
        fail(ErrorCode::invalid_input, "{}: tokenizer.ggml.token_type has {} elements for {} tokens", origin,
             kinds->size(), tokens->size());
    }
    vocabulary.tokens = *tokens;
    vocabulary.kinds.assign(tokens->size(), TokenKind::normal);
    for (size_t id = 0; id < tokens->size(); ++id) {
        if (!is_utf8((*tokens)[id])) {
            fail(ErrorCode::invalid_input, "{}: tokenizer.ggml.tokens[{}] is not UTF-8", origin, id);
        }
        if (kinds != nullptr) vocabulary.kinds[id] = static_cast<TokenKind>((*kinds)[id]);
    }
}

std::optional<int64_t> read_id(const GgufMetadata& metadata, const char* name, Vocabulary& vocabulary) {
    const std::string key = std::string("tokenizer.ggml.") + name;
    const auto id = metadata.integer(key);
    if (!id) return std::nullopt;
    // 0xFFFFFFFF is how ggml writes "none" into a file.
    if (*id == -1 || *id == 0xFFFFFFFFLL) return std::nullopt;
    if (*id < 0 || *id >= static_cast<int64_t>(vocabulary.tokens.size())) {
        fail(ErrorCode::invalid_input, "{}: {} is {}, there are {} tokens", metadata.origin(), key, *id,
             vocabulary.tokens.size());
    }
    vocabulary.kinds[static_cast<size_t>(*id)] = TokenKind::control;
    return id;
}

void index_texts(Vocabulary& vocabulary) {
    vocabulary.ids.reserve(vocabulary.tokens.size());
    for (const bool added : {true, false}) {
        for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
            if (is_added(vocabulary.kinds[id]) != added) continue;
            vocabulary.ids.emplace(vocabulary.tokens[id], static_cast<int64_t>(id));
        }
    }
}

void add_stop(Vocabulary& vocabulary, std::optional<int64_t> id) {
    if (!id || std::find(vocabulary.stops.begin(), vocabulary.stops.end(), *id) != vocabulary.stops.end())
        return;
    vocabulary.stops.push_back(*id);
}

}  // namespace

Vocabulary read_vocabulary(const GgufMetadata& metadata, int64_t rows) {
    Vocabulary vocabulary;
    vocabulary.origin = metadata.origin();
    read_tokens(metadata, rows, vocabulary);
    vocabulary.bos = read_id(metadata, "bos_token_id", vocabulary);
    vocabulary.eos = read_id(metadata, "eos_token_id", vocabulary);
    vocabulary.unknown = read_id(metadata, "unknown_token_id", vocabulary);
    vocabulary.pad = read_id(metadata, "padding_token_id", vocabulary);
    const auto turn_end = read_id(metadata, "eot_token_id", vocabulary);
    const auto message_end = read_id(metadata, "eom_token_id", vocabulary);
    correct_kinds(metadata, vocabulary);
    index_texts(vocabulary);
    add_stop(vocabulary, vocabulary.eos);
    add_stop(vocabulary, turn_end);
    add_stop(vocabulary, message_end);
    const auto add_stop_text = [&](std::string_view text) {
        const auto found = vocabulary.ids.find(text);
        if (found == vocabulary.ids.end()) return;
        if (is_special(vocabulary.kinds[static_cast<size_t>(found->second)]))
            add_stop(vocabulary, found->second);
    };
    std::for_each(std::begin(kStopMarks), std::end(kStopMarks), add_stop_text);
    std::for_each(std::begin(kStopTexts), std::end(kStopTexts), add_stop_text);
    return vocabulary;
}

}  // namespace ovenbird
