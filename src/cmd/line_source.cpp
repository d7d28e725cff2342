#include "cmd/line_source.hpp"

#include <cstdio>

#include "base/bridge_text.hpp"
#include "base/error.hpp"
#include "base/platform/process.hpp"
#include "ovenbird_bridge.h"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLargestLineBytes = size_t{64} << 20;

struct EditorFree {
    void operator()(ObLineEditor* editor) const { ob_line_editor_free(editor); }
};

class TerminalLines : public LineSource {
public:
    explicit TerminalLines(const fs::path& history) {
        std::error_code ignored;  // without a folder there is no file, which is said below
        if (!history.empty()) fs::create_directories(history.parent_path(), ignored);
        const std::string path = history.string();
        BridgeText error;
        editor_.reset(ob_line_editor_new(path.data(), path.size(), error.out()));
        if (!editor_) fail(ErrorCode::io, "{}: the history cannot be read: {}", path, error.str());
    }

    Line read(const std::string& prompt) override {
        BridgeText line;
        switch (ob_line_editor_read(editor_.get(), prompt.data(), prompt.size(), line.out())) {
            case OB_LINE_READ:
                return {Line::Kind::text, line.str()};
            case OB_LINE_END:
                return {Line::Kind::end, ""};
            case OB_LINE_INTERRUPTED:
                return {Line::Kind::abandoned, ""};
            case OB_LINE_FAILED:
                break;
        }
        fail(ErrorCode::io, "the terminal cannot be read: {}", line.str());
    }

    void remember(const std::string& message) override {
        // A history that cannot be written must not end a conversation.
        (void)ob_line_editor_remember(editor_.get(), message.data(), message.size(), nullptr);
    }

private:
    std::unique_ptr<ObLineEditor, EditorFree> editor_;
};

class PlainLines : public LineSource {
public:
    Line read(const std::string& prompt) override {
        if (stdin_is_terminal()) std::fprintf(stderr, "%s", prompt.c_str());
        std::string line;
        int byte = std::fgetc(stdin);
        const bool none = byte == EOF;
        for (; byte != EOF && byte != '\n'; byte = std::fgetc(stdin)) {
            line += static_cast<char>(byte);
            if (line.size() > kLargestLineBytes)
                fail(ErrorCode::usage, "a line on standard input is too large");
        }
        if (interrupted()) return {Line::Kind::abandoned, ""};
        if (none) return {Line::Kind::end, ""};
        if (line.ends_with('\r')) line.pop_back();
        return {Line::Kind::text, line};
    }
    void remember(const std::string&) override {}
};

}  // namespace

std::unique_ptr<LineSource> terminal_lines(const fs::path& history) {
    return std::make_unique<TerminalLines>(history);
}

std::unique_ptr<LineSource> plain_lines() {
    return std::make_unique<PlainLines>();
}

}  // namespace ovenbird
