#pragma once
// Which model a worker opens, and how; and what else it is told. Passes as JSON.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "ovenbird/session.hpp"
#include "serve/wire/ask.hpp"

namespace ovenbird {

struct Load {
    std::filesystem::path folder{};
    SessionOptions how{};
};

Json to_json(const Load& load);
/// Errors: invalid_input.
Load load_from_json(const Json& json);

/// What the parent sends: exactly one load first, then the others.
namespace order {
inline constexpr const char* kLoad = "load";      // "load"
inline constexpr const char* kAsk = "ask";        // "ask"
inline constexpr const char* kEmbed = "embed";    // "embed": of an embedding model
inline constexpr const char* kCancel = "cancel";  // the answer under way ends soon
inline constexpr const char* kEncode = "encode";  // "text", "special": answered by a TextEvent
inline constexpr const char* kDecode = "decode";  // "ids": likewise
inline constexpr const char* kRender = "render";  // "ask": the prompt's text and ids
/// Of an order but a cancel, and of every event for it: what one answer left over is not taken for the next.
inline constexpr const char* kNumber = "number";
}  // namespace order

}  // namespace ovenbird
