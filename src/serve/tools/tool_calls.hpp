#pragma once
// Calls of functions, as each model family writes them into its text, told apart while the text comes; and
// the grammars that make a model write one.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace ovenbird {

struct ToolCall {
    std::string id{};
    std::string name{};
    std::string arguments{};  // the text of a JSON object, its keys in the order that the model wrote
};

/// A step of a call. The first piece of each has its id and name; the arguments of all pieces together are
/// the call's.
struct ToolCallPiece {
    int64_t index = 0;  // of the answer's calls
    std::string id{};
    std::string name{};
    std::string arguments{};
};

struct ToolChoice {
    enum class Kind { automatic, none, required, function };
    Kind kind = Kind::automatic;
    std::string function{};  // of Kind::function
    bool parallel = true;    // several calls in one answer
};

/// Takes an answer's text apart. Text before a call passes; from a call's opener on it is held until it is
/// certain what it is. An opener that never becomes a call is text.
class ToolCallReader {
public:
    struct Piece {
        std::string text{};
        std::vector<ToolCallPiece> calls{};
    };
    virtual ~ToolCallReader() = default;
    /// What is certain now.
    virtual Piece push(std::string_view text) = 0;
    /// What was held back, when no more comes.
    virtual Piece finish() = 0;
};

/// The formats that are known, by name: "hermes", "llama", …
std::vector<std::string> tool_format_names();

/// The format that a chat template's source asks the model for; empty: it knows nothing of tools.
std::string tool_format_of(std::string_view template_source);

/// `tools`: an array of {"type": "function", "function": {"name", "parameters"}}: only functions of these
/// names are calls. Errors: usage (no such format).
std::unique_ptr<ToolCallReader> make_tool_call_reader(const std::string& format, const Json& tools);

/// Every text that marks a call in any of the formats, where it may be a special token.
std::vector<std::string> all_tool_marks();

/// The id of a mark that is a special token of the model's vocabulary; nothing where it is text, or a token
/// like others.
using SpecialToken = std::function<std::optional<int64_t>(std::string_view mark)>;

/// The marks in a format's grammar that may be special tokens; empty for a format without a grammar.
std::vector<std::string> tool_marks(const std::string& format);

/// A grammar (llguidance's Lark) of answers that are calls and nothing else, their arguments as the
/// functions' parameters say: for ToolChoice required and function; one call for a function or where calls
/// are not parallel. Text in a grammar never matches a special token, so `special` must tell which marks are
/// some: without it, all are text. Errors: usage (no such format or function, parameters that are no object's
/// schema), unsupported (the format has no grammar).
std::string tool_grammar(const std::string& format, const Json& tools, const ToolChoice& choice,
                         const SpecialToken& special = {});

}  // namespace ovenbird
