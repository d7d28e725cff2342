#include "cmd/chat_loop.hpp"

#include <algorithm>
#include <array>

#include "base/cut_text.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/platform/files.hpp"
#include "base/platform/process.hpp"
#include "cmd/message_reader.hpp"
#include "cmd/output.hpp"
#include "cmd/thinking_text.hpp"
#include "text/constraint.hpp"

namespace ovenbird {
namespace {

std::string trimmed(const std::string& text) {
    const size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string::npos) return "";
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// A word, and what follows it.
std::pair<std::string, std::string> split_word(const std::string& line) {
    const size_t space = line.find_first_of(" \t\r\n");
    if (space == std::string::npos) return {line, ""};
    return {line.substr(0, space), trimmed(line.substr(space))};
}

// "--top_p", "top_p" and "top-p" are one option.
std::string option_name(std::string name) {
    std::replace(name.begin(), name.end(), '_', '-');
    return name.starts_with("--") ? name.substr(2) : name;
}

std::string shown(const Json& value) {
    if (value.is_null() || (value.is_structured() && value.empty())) return "-";
    return value.is_string() ? value.get<std::string>()
                             : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string settings_text(const AnswerWords& options) {
    const Json values = to_json(options);
    std::string text;
    visit_answer_options(options, [&](const char* name, const auto&, const char* help) {
        text += fmt::format("  {:<22} {:<8} {}\n", name, cut_text(shown(values.at(name)), 60), help);
    });
    text.pop_back();
    return text;
}

}  // namespace

struct ChatLoop::Command {
    const char* name;
    const char* takes;
    const char* help;
    void (ChatLoop::*run)(const std::string&);
};

const ChatLoop::Command ChatLoop::kCommands[] = {
    {"/help", "", "this list", &ChatLoop::help},
    {"/system", "TEXT", "the system message from now on; without TEXT: the model's own", &ChatLoop::system},
    {"/reset", "", "forget the conversation, but not the system message", &ChatLoop::reset},
    {"/save", "FILE", "write the messages as JSON", &ChatLoop::save},
    {"/stats", "", "tokens and times of this chat", &ChatLoop::stats},
    {"/set", "NAME VALUE", "change how answers are chosen (temperature 0.7); NAME: show it; alone: list all",
     &ChatLoop::set},
    {"/unset", "NAME", "give it back its default", &ChatLoop::unset},
    {"/quit", "", "end; so does Ctrl-D", &ChatLoop::quit},
};

ChatLoop::ChatLoop(Conversation& conversation, const Engine& engine, const Tokenizer& tokenizer,
                   AnswerWords options, LineSource& lines, ConsoleReporter& reporter, bool is_terminal)
    : conversation_(conversation),
      engine_(engine),
      tokenizer_(tokenizer),
      options_(std::move(options)),
      form_(answer_form(options_)),
      lines_(lines),
      reporter_(reporter),
      is_terminal_(is_terminal) {}

int ChatLoop::run() {
    bool abandoned = false;
    while (!ends_) {
        // A Ctrl-C that came when an answer was just done is spent with it.
        if (is_terminal_) forget_interrupt();
        const Line line = read_message(lines_);
        if (line.kind == Line::Kind::end) break;
        if (line.kind == Line::Kind::abandoned) {
            if (abandoned || !is_terminal_) return exit_status(ErrorCode::interrupted);
            abandoned = true;
            reporter_.note("(Ctrl-C again, Ctrl-D or /quit ends the chat)");
            continue;
        }
        abandoned = false;
        if (!take(line.text)) return exit_status(ErrorCode::interrupted);
    }
    return 0;
}

// False when the chat was interrupted.
bool ChatLoop::take(const std::string& text) {
    try {
        if (text.starts_with('/')) {
            obey(text);
        } else {
            answer(text);
        }
    } catch (const Error& error) {
        if (!is_terminal_) throw;
        reporter_.warn(std::string("error: ") + error.what());
    }
    return is_terminal_ || !interrupted();
}

void ChatLoop::answer(const std::string& text) {
    bool listening = true;
    auto constraint = make_constraint(form_, tokenizer_);
    AnswerOptions options = answer_options(options_);
    options.stop_asked = interrupted;
    if (options_.show_thinking) options.on_thinking = show_thinking;
    if (constraint) options.mask = &*constraint;
    const Reply reply = conversation_.say(text, options, [&](const std::string& piece) {
        listening = listening && try_output(piece);
        return listening && !interrupted();
    });
    write_output("\n");
    tell_thinking(reply.answer, options_, reporter_);
    const auto& generation = reply.answer.generation;
    if (reply.dropped_turns > 0) {
        reporter_.note(fmt::format("the context of {} tokens is full: the oldest {} turns are no longer sent",
                                   engine_.window_tokens(), reply.dropped_turns));
    }
    reporter_.note(fmt::format(
        "[{} prompt tokens, {} of them computed; {} new, first after {:.0f} ms, {:.1f} tokens/s, {}]",
        reply.answer.prompt_tokens, reply.computed_prompt_tokens, generation.tokens.size(),
        generation.first_token_ms, generation.tokens_per_second(), finish_reason_name(generation.reason)));
    ++answers_;
    prompt_tokens_ += reply.answer.prompt_tokens;
    computed_tokens_ += reply.computed_prompt_tokens;
    new_tokens_ += static_cast<int64_t>(generation.tokens.size());
    answer_ms_ += generation.total_ms;
    if (!listening) fail(ErrorCode::io, "standard output could not be written to");
}

void ChatLoop::obey(const std::string& line) {
    const auto [name, rest] = split_word(trimmed(line));
    for (const auto& command : kCommands) {
        if (name == command.name) return (this->*command.run)(rest);
    }
    fail(ErrorCode::usage, "'{}' is not a command; see /help", name);
}

void ChatLoop::help(const std::string&) {
    std::string text;
    for (const auto& command : kCommands)
        text += fmt::format("  {:<8} {:<11} {}\n", command.name, command.takes, command.help);
    text +=
        "A line that ends in a backslash goes on in the next one; so does what stands between \"\"\".\n"
        "Ctrl-C stops an answer.";
    reporter_.note(text);
}

void ChatLoop::system(const std::string& text) {
    conversation_.set_system(text);
}

void ChatLoop::reset(const std::string&) {
    conversation_.reset();
}

void ChatLoop::save(const std::string& file) {
    if (file.empty()) fail(ErrorCode::usage, "/save: the file's name is missing");
    Json messages = Json::array();
    for (const auto& message : conversation_.messages()) {
        messages.push_back({{"role", message.role}, {"content", message.content}});
        if (!message.thinking.empty()) messages.back()["reasoning_content"] = message.thinking;
    }
    const Json json = {{"messages", messages}};
    replace_file(file, json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    reporter_.note(fmt::format("{} messages are in {}", messages.size(), file));
}

void ChatLoop::stats(const std::string&) {
    const double seconds = answer_ms_ / 1000;
    reporter_.note(fmt::format(
        "{}: {} answers, {} new tokens in {:.1f} s ({:.1f} tokens/s); {} prompt tokens, {} of them computed; "
        "{} of {} tokens of context in use",
        engine_.device(), answers_, new_tokens_, seconds,
        seconds > 0 ? static_cast<double>(new_tokens_) / seconds : 0, prompt_tokens_, computed_tokens_,
        conversation_.used_tokens(), engine_.window_tokens()));
}

void ChatLoop::set(const std::string& words) {
    if (words.empty()) return reporter_.note(settings_text(options_));
    const auto [word, value] = split_word(words);
    const std::string name = option_name(word);
    AnswerWords options = options_;
    if (!value.empty()) {
        set_option(options, name, value);
        return change(std::move(options));
    }
    unset_option(options, name);  // knows the names
    reporter_.note(fmt::format("{} {}", name, shown(to_json(options_).at(name))));
}

void ChatLoop::unset(const std::string& name) {
    if (name.empty()) fail(ErrorCode::usage, "/unset: the option's name is missing; /set alone lists them");
    AnswerWords options = options_;
    unset_option(options, option_name(name));
    change(std::move(options));
}

// All of it or nothing: what cannot be used leaves the settings as they were.
void ChatLoop::change(AnswerWords options) {
    validate(answer_options(options));
    AnswerForm form = answer_form(options);
    (void)make_constraint(form, tokenizer_);
    options_ = std::move(options);
    form_ = std::move(form);
}

void ChatLoop::quit(const std::string&) {
    ends_ = true;
}

}  // namespace ovenbird
