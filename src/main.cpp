// The command table and the one place where errors become exit statuses.

#include <array>
#include <cstdio>
#include <cstring>
#include <openvino/core/version.hpp>

#include "base/error.hpp"
#include "base/platform/process.hpp"
#include "cmd/commands.hpp"
#include "cmd/console.hpp"
#include "cmd/output.hpp"

namespace {

constexpr std::array kCommands{
    ovenbird::Command{"bake", "turn a model into a static INT4 folder", ovenbird::bake_command},
    ovenbird::Command{"run", "answer a prompt with a static model", ovenbird::run_command},
    ovenbird::Command{"chat", "talk with a model", ovenbird::chat_command},
    ovenbird::Command{"check", "say whether an NPU can take a model", ovenbird::check_command},
    ovenbird::Command{"bench", "measure a baked folder, and other runtimes beside it",
                      ovenbird::bench_command},
    ovenbird::Command{"pull", "download a model of a hub", ovenbird::pull_command},
    ovenbird::Command{"list", "show the models that were baked by name", ovenbird::list_command},
    ovenbird::Command{"rm", "delete models that were baked by name", ovenbird::rm_command},
    ovenbird::Command{"cache", "show or clear the compiled-model cache", ovenbird::cache_command},
};

void print_help() {
    ovenbird::print_output(
        "Ovenbird bakes language models for Intel NPUs and runs them.\n\nusage: ovenbird COMMAND …\n\n");
    for (const auto& command : kCommands)
        ovenbird::print_output("  {:<8} {}\n", command.name, command.summary);
    ovenbird::print_output("\novenbird COMMAND --help tells more; ovenbird --version tells the versions.\n");
}

int dispatch(int argc, char** argv) {
    const char* name = argc > 1 ? argv[1] : "--help";
    if (std::strcmp(name, "--help") == 0 || std::strcmp(name, "-h") == 0) return print_help(), 0;
    if (std::strcmp(name, "--version") == 0) {
        ovenbird::print_output("ovenbird {}\nopenvino {}\n", OVENBIRD_VERSION,
                               ov::get_openvino_version().buildNumber);
        return 0;
    }
    for (const auto& command : kCommands) {
        if (std::strcmp(name, command.name) == 0) return command.run(argc - 1, argv + 1);
    }
    ovenbird::fail(ovenbird::ErrorCode::usage, "'{}' is not a command; see ovenbird --help", name);
}

}  // namespace

int main(int argc, char** argv) {
    ovenbird::ignore_broken_pipes();
    try {
        return dispatch(argc, argv);
    } catch (const ovenbird::OutputClosed&) {
        return ovenbird::kOutputClosedStatus;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "error: %s\n", ovenbird::failure_text(error).c_str());
        const auto* known = dynamic_cast<const ovenbird::Error*>(&error);
        return known != nullptr ? exit_status(known->code()) : 1;
    }
}
