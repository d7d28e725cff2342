#include "cmd/thinking_text.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace ovenbird {

void show_thinking(const std::string& piece) {
    // Nobody reading it does not end the work.
    (void)std::fwrite(piece.data(), 1, piece.size(), stderr);
}

void tell_thinking(const Answer& answer, const AnswerWords& words, Reporter& reporter) {
    if (answer.thinking.empty()) return;
    if (words.show_thinking) {
        show_thinking("\n");
    } else {
        reporter.note(fmt::format("(it thought {} bytes long before it answered; --show-thinking shows that)",
                                  answer.thinking.size()));
    }
}

}  // namespace ovenbird
