#pragma once
// A model opened on a device, answering one ask after the other: what the worker process does between its
// messages. The only part of serving that touches a device.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "run/answer.hpp"
#include "run/kept_sequences.hpp"
#include "run/open.hpp"
#include "run/spoken_conversations.hpp"
#include "serve/wire/ask.hpp"
#include "serve/wire/event.hpp"
#include "serve/wire/load.hpp"
#include "text/chat_template.hpp"
#include "text/thinking.hpp"
#include "text/tokenizer.hpp"

namespace ovenbird {

/// Gets events in the thread that answers. False: nobody listens any more.
using Emit = std::function<bool(const Event&)>;
/// How a folder is opened; tests put faulty devices behind it.
using EngineOpener = std::function<OpenedEngine(const Load&, int64_t pad_id, const Emit&)>;
/// How the load wants devices to be used; what a person should hear is emitted.
DeviceOptions device_options(const Load& load, const Emit& emit);
/// Where the tokenizer is.
std::filesystem::path text_folder(const Load& load);
OpenedEngine open_for_worker(const Load& load, int64_t pad_id, const Emit& emit);

class Worker {
public:
    /// Opens the model; notes of it are emitted. Errors: those of open_engine() and Tokenizer::load().
    Worker(const Load& load, const EngineOpener& open, const Emit& emit);

    ModelFacts facts() const;

    /// Emits a PromptEvent, pieces, and a DoneEvent or an ErrorEvent, which is the last. `stop`: asked
    /// between the runs of a graph; the answer then ends (interrupted). While it computes, an AliveEvent
    /// tells how far it is.
    void answer(const Ask& ask, const StopAsked& stop, const Emit& emit);

    TextEvent encode(const std::string& text, bool with_special) const;
    TextEvent decode(const std::vector<int64_t>& ids) const;
    /// The prompt of an ask, as text and as ids. Errors: those of answer(), thrown.
    TextEvent render(const Ask& ask);

private:
    struct Prompt {
        SpokenTokens::Encoded encoded;
        std::optional<ThinkingMarks> thinking;
        bool is_text = false;  // its tokens are those of a text
    };
    Prompt prompt_of(const Ask& ask);
    Prompt templated(const Ask& ask);
    void answer_or_throw(const Ask& ask, const StopAsked& stop, const Emit& emit);

    Tokenizer tokenizer_;
    std::optional<ChatTemplate> chat_;
    std::optional<SamplingOptions> defaults_;
    OpenedEngine opened_;
    double load_s_ = 0;
    SpokenConversations spoken_;
    KeptSequences kept_;
};

}  // namespace ovenbird
