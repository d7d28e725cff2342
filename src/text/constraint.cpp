#include "text/constraint.hpp"

#include <limits>

#include "base/error.hpp"
#include "text/tokenizer_state.hpp"

namespace ovenbird {

struct Constraint::Handle {
    explicit Handle(ObConstraint* constraint) : constraint(constraint) {}
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() { ob_constraint_free(constraint); }
    ObConstraint* constraint;
};

const ObTokenTree* Tokenizer::State::tree() const {
    const std::lock_guard lock(tree_mutex);
    if (made_tree) return made_tree.get();
    std::vector<uint32_t> eos;
    for (const int64_t id : eos_ids) {
        if (flags(id) != 0) eos.push_back(static_cast<uint32_t>(id));
    }
    ObTokenTree* tree = nullptr;
    BridgeText error;
    if (!ob_token_tree_new(handle.get(), eos.data(), eos.size(), &tree, error.out())) {
        fail(ErrorCode::unsupported, "{}: no answer can be constrained with this tokenizer: {}", origin,
             error.str());
    }
    made_tree.reset(tree);
    return tree;
}

Constraint::Constraint(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
Constraint::Constraint(Constraint&&) noexcept = default;
Constraint& Constraint::operator=(Constraint&&) noexcept = default;
Constraint::~Constraint() = default;

Constraint Constraint::compile(const Tokenizer& tokenizer, int kind, const char* what,
                               std::string_view text) {
    ObConstraint* constraint = nullptr;
    BridgeText error;
    if (!ob_constraint_new(tokenizer.state_->tree(), static_cast<ObConstraintKind>(kind), text.data(),
                           text.size(), &constraint, error.out())) {
        fail(ErrorCode::usage, "the {} cannot be used: {}", what, error.str());
    }
    return Constraint(std::make_unique<Handle>(constraint));
}

Constraint Constraint::json_schema(const Tokenizer& tokenizer, std::string_view schema) {
    return compile(tokenizer, OB_JSON_SCHEMA, "JSON schema", schema);
}

Constraint Constraint::json_object(const Tokenizer& tokenizer) {
    return compile(tokenizer, OB_JSON_SCHEMA, "JSON schema", R"({"type": "object"})");
}

Constraint Constraint::grammar(const Tokenizer& tokenizer, std::string_view lark) {
    return compile(tokenizer, OB_LARK, "grammar", lark);
}

Constraint Constraint::regex(const Tokenizer& tokenizer, std::string_view expression) {
    return compile(tokenizer, OB_REGEX, "regular expression", expression);
}

void Constraint::allowed(std::span<uint32_t> mask) {
    BridgeText error;
    if (ob_constraint_allowed(handle_->constraint, mask.data(), mask.size(), error.out())) return;
    fail(ErrorCode::invalid_input, "the answer's form cannot be followed any further: {}", error.str());
}

void Constraint::take(int64_t token) {
    if (token < 0 || token > std::numeric_limits<uint32_t>::max())
        fail(ErrorCode::invalid_input, "token {} is no token at all", token);
    BridgeText error;
    if (ob_constraint_take(handle_->constraint, static_cast<uint32_t>(token), error.out())) return;
    fail(ErrorCode::invalid_input, "the answer left its form: {}", error.str());
}

bool Constraint::complete() const {
    return ob_constraint_must_end(handle_->constraint);
}

bool Constraint::may_end() {
    return ob_constraint_may_end(handle_->constraint);
}

std::optional<Constraint> make_constraint(const AnswerForm& form, const Tokenizer& tokenizer) {
    const int wanted = int{!form.json_schema.empty()} + int{form.json_object} + int{!form.grammar.empty()} +
                       int{!form.regex.empty()};
    if (wanted > 1) {
        fail(ErrorCode::usage,
             "an answer has one form: a JSON schema, a JSON object, a grammar or a regular expression, not "
             "{} of them",
             wanted);
    }
    if (!form.json_schema.empty()) return Constraint::json_schema(tokenizer, form.json_schema);
    if (form.json_object) return Constraint::json_object(tokenizer);
    if (!form.grammar.empty()) return Constraint::grammar(tokenizer, form.grammar);
    if (!form.regex.empty()) return Constraint::regex(tokenizer, form.regex);
    return std::nullopt;
}

}  // namespace ovenbird
