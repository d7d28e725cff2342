#pragma once
// tokenizer.json in, token ids out and back: Hugging Face's `tokenizers` crate behind a small C++ face.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ovenbird {

/// Immutable after loading; one instance may be used from several threads.
class Tokenizer {
public:
    /// Loads `folder`/tokenizer.json (and tokenizer_config.json, special_tokens_map.json, added_tokens.json,
    /// generation_config.json, config.json where present for the special ids, tokens that only they declare,
    /// and whether BOS and EOS are added). A path to a tokenizer.json
    /// itself works too. Errors: not_found (says what to do), invalid_input.
    static Tokenizer load(const std::filesystem::path& folder);
    Tokenizer(Tokenizer&&) noexcept;
    Tokenizer& operator=(Tokenizer&&) noexcept;
    ~Tokenizer();

    /// Token ids of `text`. add_special adds what the tokenizer's own post-processor adds (such as BOS).
    /// Truncation and padding set in the file are switched off: nothing is ever dropped silently. Errors:
    /// invalid_input (not UTF-8).
    std::vector<int64_t> encode(std::string_view text, bool add_special) const;
    /// Text of ids; ids outside the vocabulary are an error (invalid_input).
    std::string decode(const std::vector<int64_t>& ids, bool skip_special) const;

    /// Largest id + 1, added tokens included.
    int64_t id_limit() const;
    std::optional<int64_t> token_to_id(std::string_view token) const;
    std::optional<std::string> id_to_token(int64_t id) const;
    /// Whether the id is a special token, which has no text in answers.
    bool is_special(int64_t id) const;
    /// From tokenizer_config.json / special_tokens_map.json (strings or {"content": …} objects).
    std::optional<std::string> bos_token() const;
    std::optional<std::string> eos_token() const;
    /// pad id: the tokenizer's own, else EOS, else 0.
    int64_t pad_id() const;
    /// Every id that ends generation: eos_token_id of generation_config.json and of config.json (a number or
    /// a list), the tokenizer's eos_token, and the token that the folder's chat template writes behind an
    /// assistant's message. Files of one model often disagree, and an answer that goes on behind its end is
    /// worse than one more token that would end it.
    const std::vector<int64_t>& eos_ids() const;

private:
    struct State;
    explicit Tokenizer(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
    friend class StreamDecoder;
    friend class Constraint;
};

/// Turns ids that arrive one at a time into text, never half a UTF-8 character, never text that a later id
/// would change: all pieces together equal Tokenizer::decode() of all ids. Work is linear in the number of
/// ids. Holds a reference to the tokenizer.
class StreamDecoder {
public:
    explicit StreamDecoder(const Tokenizer& tokenizer, bool skip_special = true);
    /// The text that became certain with this id; often empty in the middle of a character. An id that the
    /// tokenizer does not know (a model's table may be larger) gives no text.
    std::string push(int64_t id);
    /// What is left at the end (an unfinished character becomes U+FFFD). The decoder is then as new.
    std::string finish();

private:
    std::string settle(bool at_end);
    void shrink(bool open);
    const Tokenizer* tokenizer_;
    bool skip_special_;
    std::vector<uint32_t>
        window_;              // the ids still needed: left context, then those whose text is not certain
    size_t given_bytes_ = 0;  // how much of the window's text was given out
};

}  // namespace ovenbird
