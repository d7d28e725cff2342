#include "serve/speech.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "serve/api/fields.hpp"

namespace ovenbird {
namespace {

using Kind = ToolChoice::Kind;

bool looks_for_calls(const Call& call) {
    return !call.ask.tools.is_null() && call.tool_choice.kind != Kind::none;
}

}  // namespace

Speech::Speech(const Call& call, const ModelFacts& facts)
    : parallel_(call.tool_choice.parallel), thinks_apart_(call.thinks_apart) {
    if (!looks_for_calls(call)) return;
    reader_ = make_tool_call_reader(facts.tool_format, call.ask.tools);
}

Delta Speech::told(ToolCallReader::Piece piece) const {
    Delta delta;
    delta.content = std::move(piece.text);
    for (auto& call : piece.calls) {
        if (call.index > 0 && !parallel_) continue;
        called_ = true;
        delta.tool_calls.push_back(std::move(call));
    }
    return delta;
}

Delta Speech::take(const PieceEvent& piece) {
    Delta delta;
    if (reader_) {
        delta = told(reader_->push(piece.text));
    } else {
        delta.content = piece.text;
    }
    if (thinks_apart_) delta.thinking = piece.thinking;
    delta.tokens = piece.notes;
    return delta;
}

Delta Speech::finish() {
    return reader_ ? told(reader_->finish()) : Delta();
}

Finish Speech::finished(const DoneEvent& done) const {
    Finish finish;
    finish.stop_string = done.stop_string;
    if (done.reason == FinishReason::length) {
        finish.end = End::length;
    } else if (called_) {
        finish.end = End::tool_calls;
    } else {
        finish.end = done.stop_string.empty() ? End::stop : End::stop_string;
    }
    finish.usage = {done.prompt_tokens, done.cached_tokens, done.new_tokens, done.thinking_tokens};
    finish.seed = done.seed;
    return finish;
}

Ask ask_of(const Call& call, const ModelFacts& facts) {
    Ask ask = call.ask;
    const auto kind = call.tool_choice.kind;
    if (kind == Kind::none) ask.tools = nullptr;
    if (looks_for_calls(call) && facts.tool_format.empty())
        refuse("tools", fmt::format("{}: the model's chat template knows no tools; leave them out, or take "
                                    "another model",
                                    call.model));
    if (ask.tools.is_null() || (kind != Kind::required && kind != Kind::function)) return ask;
    try {
        ask.form = {};
        ask.form.grammar = tool_grammar(facts.tool_format, ask.tools, call.tool_choice,
                                        [&](std::string_view mark) -> std::optional<int64_t> {
                                            const auto found = facts.special_marks.find(std::string(mark));
                                            if (found == facts.special_marks.end()) return std::nullopt;
                                            return found->second;
                                        });
    } catch (const Error& error) {
        refuse("tool_choice", error.what());
    }
    return ask;
}

}  // namespace ovenbird
