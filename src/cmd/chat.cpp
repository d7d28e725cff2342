#include <map>

#include "base/error.hpp"
#include "base/platform/process.hpp"
#include "cmd/answer_options.hpp"
#include "cmd/chat_loop.hpp"
#include "cmd/commands.hpp"
#include "cmd/engine_options.hpp"
#include "text/constraint.hpp"

namespace ovenbird {
namespace {

struct Words {
    EngineOptions engine;
    AnswerWords answer;
    std::string system;
    std::string chat_template;
    ContextPolicy policy = ContextPolicy::shift;
    std::filesystem::path history = user_cache_folder() / "chat_history";
    bool no_history = false;
    ConsoleOptions console;
};

bool parse(int argc, char** argv, Words& words) {
    CLI::App app("Talk with a model; /help tells what can be said besides", "ovenbird chat");
    app.add_option("folder", words.engine.folder, "A folder that ovenbird bake made, or ORG/NAME of a hub");
    app.add_option("--system", words.system, "System message for the chat template");
    const std::map<std::string, ContextPolicy> policies{{"error", ContextPolicy::error},
                                                        {"shift", ContextPolicy::shift}};
    app.add_option("--context-policy", words.policy,
                   "A conversation beyond the context: shift lets its oldest turns go, error refuses the "
                   "message (default: shift)")
        ->transform(CLI::CheckedTransformer(policies));
    add_answer_options(app, words.answer);
    add_engine_options(app, words.engine);
    app.add_option("--history", words.history, "Where typed lines are kept")->capture_default_str();
    app.add_flag("--no-history", words.no_history, "Keep no typed lines");
    app.add_option("--chat-template", words.chat_template,
                   "Of several chat templates of the model, this one");
    add_console_options(app, words.console);
    if (!parse_command(app, argc, argv)) return false;
    note_given(app, words.answer);
    return true;
}

ChatTemplate template_of(const std::filesystem::path& folder, const std::string& name) {
    auto chat = ChatTemplate::load(folder, name);
    if (chat) return *chat;
    fail(
        ErrorCode::unsupported,
        "{}: the model has no chat template, so it knows no turns; put its chat_template.jinja there, or let "
        "it go on with a text: ovenbird run --raw",
        folder.string());
}

int work(Words& words, ConsoleReporter& reporter) {
    validate(answer_options(words.answer));
    install_interrupt_handler();
    settle_places(words.engine, reporter);
    if (const auto told = apply_generation_config(words.answer, words.engine.tokenizer); !told.empty())
        reporter.note(told);
    validate(answer_options(words.answer));
    const Tokenizer tokenizer = Tokenizer::load(words.engine.tokenizer);
    const ChatTemplate chat = template_of(words.engine.tokenizer, words.chat_template);
    (void)make_constraint(answer_form(words.answer), tokenizer);  // refused before a model is opened
    const OpenedEngine opened = open_told(words.engine, tokenizer.pad_id(), reporter);
    if (const auto warning = vocabulary_warning(tokenizer, *opened.engine); !warning.empty())
        reporter.warn(warning);
    check_interrupted();

    Conversation conversation(*opened.engine, tokenizer, chat, words.policy);
    conversation.set_system(words.system);
    const bool is_terminal = stdin_is_terminal();
    const bool edits = is_terminal && stdout_is_terminal();
    const auto lines =
        edits ? terminal_lines(words.no_history ? std::filesystem::path() : words.history) : plain_lines();
    if (is_terminal) end_on_termination();
    ChatLoop loop(conversation, *opened.engine, tokenizer, words.answer, *lines, reporter, edits);
    return loop.run();
}

}  // namespace

int chat_command(int argc, char** argv) {
    Words words;
    if (!parse(argc, argv, words)) return 0;
    return with_console(words.console, [&](ConsoleReporter& reporter) { return work(words, reporter); });
}

}  // namespace ovenbird
