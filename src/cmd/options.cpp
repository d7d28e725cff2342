#include "cmd/options.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "cmd/output.hpp"

namespace ovenbird {

std::vector<std::string> normalised_arguments(int argc, char** argv) {
    std::vector<std::string> words(argv + 1, argv + argc);
    for (auto& word : words) {
        if (word == "--") break;
        if (word.rfind("--", 0) != 0) continue;
        const auto name_end =
            word.begin() + static_cast<std::ptrdiff_t>(std::min(word.find('='), word.size()));
        std::replace(word.begin(), name_end, '_', '-');
    }
    return words;
}

bool parse_command(CLI::App& app, int argc, char** argv) {
    // On Windows a word that begins with a slash would be an option: a prompt, or a path, is none.
    app.allow_windows_style_options(false);
    auto words = normalised_arguments(argc, argv);
    std::reverse(words.begin(), words.end());  // CLI11 takes them last first
    try {
        app.parse(words);
    } catch (const CLI::CallForHelp&) {
        write_output(app.help());
        return false;
    } catch (const CLI::ParseError& error) {
        fail(ErrorCode::usage, "{}; see {} --help", error.what(), app.get_name());
    }
    return true;
}

void add_console_options(CLI::App& app, ConsoleOptions& options) {
    app.add_flag("-v,--verbose", options.verbose, "Say more on standard error");
    app.add_option("--log-file", options.log_file, "Also write every message, with its time, to this file");
}

}  // namespace ovenbird
