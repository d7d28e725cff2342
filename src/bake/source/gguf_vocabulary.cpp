#include "bake/source/gguf_vocabulary.hpp"

#include <algorithm>

#include "bake/source/printable.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

// Ends of a turn or text under other names than EOS: a chat model may stop with any of them.
constexpr std::string_view kStopTexts[] = {"<|eot_id|>", "<|im_end|>", "<|eom_id|>", "<|end_of_text|>",
                                           "<|endoftext|>"};

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
    index_texts(vocabulary);
    add_stop(vocabulary, vocabulary.eos);
    add_stop(vocabulary, turn_end);
    add_stop(vocabulary, message_end);
    for (const std::string_view text : kStopTexts) {
        const auto found = vocabulary.ids.find(text);
        if (found == vocabulary.ids.end()) continue;
        if (is_special(vocabulary.kinds[static_cast<size_t>(found->second)]))
            add_stop(vocabulary, found->second);
    }
    return vocabulary;
}

}  // namespace ovenbird
