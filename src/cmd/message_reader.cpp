#include "cmd/message_reader.hpp"

#include <string_view>

namespace ovenbird {
namespace {

constexpr const char* kPrompt = "> ";
constexpr const char* kMorePrompt = ". ";
constexpr std::string_view kQuotes = "\"\"\"";

bool is_blank(const std::string& text) {
    return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

// What follows the opening quotes, up to a line that ends in three.
Line read_quoted(LineSource& lines, std::string text) {
    while (!text.ends_with(kQuotes)) {
        Line more = lines.read(kMorePrompt);
        if (more.kind == Line::Kind::abandoned) return more;
        if (more.kind == Line::Kind::end) return {Line::Kind::text, text};
        if (!text.empty()) text += '\n';
        text += more.text;
    }
    text.resize(text.size() - kQuotes.size());
    if (text.ends_with('\n')) text.pop_back();
    return {Line::Kind::text, text};
}

Line read_continued(LineSource& lines, std::string text) {
    while (text.ends_with('\\')) {
        text.back() = '\n';
        Line more = lines.read(kMorePrompt);
        if (more.kind == Line::Kind::abandoned) return more;
        if (more.kind == Line::Kind::end) {
            text.pop_back();
            break;
        }
        text += more.text;
    }
    return {Line::Kind::text, text};
}

}  // namespace

Line read_message(LineSource& lines) {
    while (true) {
        Line line = lines.read(kPrompt);
        if (line.kind != Line::Kind::text) return line;
        line = line.text.starts_with(kQuotes) ? read_quoted(lines, line.text.substr(kQuotes.size()))
                                              : read_continued(lines, line.text);
        if (line.kind != Line::Kind::text) return line;
        if (is_blank(line.text)) continue;
        lines.remember(line.text);
        return line;
    }
}

}  // namespace ovenbird
