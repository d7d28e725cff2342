#pragma once
// Where a chat's lines come from: a terminal with editing and history, or standard input as it is.

#include <filesystem>
#include <memory>
#include <string>

namespace ovenbird {

struct Line {
    enum class Kind {
        text,
        end,        // no more will come
        abandoned,  // Ctrl-C while it was typed
    } kind = Kind::text;
    std::string text;  // without its newline; a pasted one may hold some
};

class LineSource {
public:
    virtual ~LineSource() = default;
    /// Errors: io.
    virtual Line read(const std::string& prompt) = 0;
    /// Puts a message into the history, where there is one.
    virtual void remember(const std::string& message) = 0;
};

/// Editing by rustyline, for when standard input and output are both terminals. `history`: its file, its
/// folder made when needed; empty: none is kept. Errors: io.
std::unique_ptr<LineSource> terminal_lines(const std::filesystem::path& history);

/// Standard input as it is. The prompt is shown on standard error where a terminal is read.
std::unique_ptr<LineSource> plain_lines();

}  // namespace ovenbird
