#pragma once
// What an embedding model's worker is asked: texts or tokens, each for its vector. Passes as JSON.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace ovenbird {

struct EmbedInput {
    std::string text{};
    std::vector<int64_t> ids{};  // tokens as they are, instead of a text; empty: there are none
};

struct EmbedAsk {
    std::vector<EmbedInput> inputs{};
    std::optional<std::string> prompt_name{};  // before each text; none: the model's default
    bool truncate = false;                     // a text that is too long loses its end, else it is refused
    int64_t dimensions = 0;                    // columns that are kept; 0: all
    /// What may be said in a request so that a long text is cut, told with one that is refused; empty:
    /// nothing.
    std::string how_to_cut{};
    /// Those before it have their vectors: another worker goes on here.
    int64_t first = 0;
};

Json to_json(const EmbedAsk& ask);
/// Errors: invalid_input.
EmbedAsk embed_ask_from_json(const Json& json);

}  // namespace ovenbird
