#pragma once
// Command lines as CLI11 sees them: one spelling inside, dashes or underscores outside.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace ovenbird {

/// The words after the command, long option names with underscores turned into dashes ("--group_size=64" and
/// "--group-size=64" are one option). Values, and everything after a bare "--", stay as they are.
std::vector<std::string> normalised_arguments(int argc, char** argv);

/// Parses; prints help and returns false when that was asked for. Errors: usage, with a hint to --help.
bool parse_command(CLI::App& app, int argc, char** argv);

/// The options every long command shares.
struct ConsoleOptions {
    bool verbose = false;
    std::string log_file;
};
void add_console_options(CLI::App& app, ConsoleOptions& options);

}  // namespace ovenbird
