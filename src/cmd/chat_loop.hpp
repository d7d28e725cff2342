#pragma once
// The terminal chat: messages are answered, lines that begin with a slash are commands.

#include <string>

#include "cmd/answer_options.hpp"
#include "cmd/console.hpp"
#include "cmd/line_source.hpp"
#include "run/conversation.hpp"

namespace ovenbird {

class ChatLoop {
public:
    /// Holds references to all of them. `is_terminal`: a person sits there, so an error or a Ctrl-C ends an
    /// answer; else it ends the chat.
    ChatLoop(Conversation& conversation, const Engine& engine, const Tokenizer& tokenizer,
             AnswerWords options, LineSource& lines, ConsoleReporter& reporter, bool is_terminal);

    /// Until the lines end; returns the exit status. Errors: those of a message or a command, unless a person
    /// sits there.
    int run();

private:
    struct Command;
    static const Command kCommands[];

    bool take(const std::string& text);
    void answer(const std::string& text);
    void obey(const std::string& line);
    void help(const std::string&);
    void system(const std::string& text);
    void reset(const std::string&);
    void save(const std::string& file);
    void stats(const std::string&);
    void set(const std::string& words);
    void unset(const std::string& name);
    void change(AnswerWords options);
    void quit(const std::string&);

    Conversation& conversation_;
    const Engine& engine_;
    const Tokenizer& tokenizer_;
    AnswerWords options_;
    AnswerForm form_;  // of the options, its file read
    LineSource& lines_;
    ConsoleReporter& reporter_;
    bool is_terminal_;
    bool ends_ = false;
    int64_t answers_ = 0;
    int64_t prompt_tokens_ = 0;
    int64_t computed_tokens_ = 0;
    int64_t new_tokens_ = 0;
    double answer_ms_ = 0;
};

}  // namespace ovenbird
