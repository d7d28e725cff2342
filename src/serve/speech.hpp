#pragma once
// A worker's events as an API's deltas: tool calls told from text, and how the answer ended.

#include <memory>

#include "serve/api/call.hpp"
#include "serve/tools/tool_calls.hpp"
#include "serve/wire/event.hpp"

namespace ovenbird {

class Speech {
public:
    /// `facts`: of a model that ask_of() found to know the call's tools.
    Speech(const Call& call, const ModelFacts& facts);

    Delta take(const PieceEvent& piece);
    /// What was held back. No call is added by it that had not begun.
    Delta finish();
    /// What `done` says, as an API tells it.
    Finish finished(const DoneEvent& done) const;

private:
    Delta told(ToolCallReader::Piece piece) const;

    std::unique_ptr<ToolCallReader> reader_;  // none: no calls are looked for
    bool parallel_;
    bool thinks_apart_;
    mutable bool called_ = false;
};

/// What a worker is to be asked for a call: with the tools' grammar where a call is demanded. Errors:
/// ApiError 400.
Ask ask_of(const Call& call, const ModelFacts& facts);

}  // namespace ovenbird
