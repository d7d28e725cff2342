#pragma once
// Answers of a given form: a JSON schema, a grammar or a regular expression, followed token by token by the
// `llguidance` crate.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ovenbird/answer.hpp"
#include "text/token_mask.hpp"
#include "text/tokenizer.hpp"

namespace ovenbird {

/// One answer's way through its form; the next answer takes a new one. Moves, but is used by one thread at a
/// time. The tokenizer's tables are built with its first constraint (a tenth of a second for 50,000 tokens)
/// and shared by the later ones, also in other threads; the tokenizer need not outlive a constraint.
class Constraint : public TokenMask {
public:
    /// JSON that the schema takes (https://json-schema.org; what llguidance does not follow is an error, not
    /// a wider answer). Between its parts: nothing, a blank, or a new line and its indentation. Properties
    /// come in the schema's order. Errors: usage, saying what is wrong in the schema; unsupported for a
    /// tokenizer whose tokens are not pieces of text (such as WordPiece).
    static Constraint json_schema(const Tokenizer& tokenizer, std::string_view schema);
    /// Any JSON object. Errors: unsupported.
    static Constraint json_object(const Tokenizer& tokenizer);
    /// A grammar in llguidance's form of Lark, from its rule `start`. Errors: those of json_schema.
    static Constraint grammar(const Tokenizer& tokenizer, std::string_view lark);
    /// The whole answer matches a regular expression of Rust's `regex` crate. Errors: those of json_schema.
    static Constraint regex(const Tokenizer& tokenizer, std::string_view expression);
    Constraint(Constraint&&) noexcept;
    Constraint& operator=(Constraint&&) noexcept;
    ~Constraint() override;

    /// As TokenMask says. Ids that the tokenizer does not know are never allowed (a model's table may be
    /// larger). Errors: invalid_input when the form outgrows llguidance's limits; it cannot go on then.
    void allowed(std::span<uint32_t> mask) override;
    void take(int64_t token) override;
    bool complete() const override;
    /// Whether what was taken is a whole answer, though more may follow.
    bool may_end();

private:
    struct Handle;
    static Constraint compile(const Tokenizer& tokenizer, int kind, const char* what, std::string_view text);
    explicit Constraint(std::unique_ptr<Handle> handle);
    std::unique_ptr<Handle> handle_;
};

/// For one answer; none where anything may be said. Errors: usage (more than one form, or one that cannot be
/// used), unsupported.
std::optional<Constraint> make_constraint(const AnswerForm& form, const Tokenizer& tokenizer);

}  // namespace ovenbird
