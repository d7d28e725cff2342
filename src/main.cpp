// The command table and the one place where errors become exit statuses.

#include <array>
#include <cstdio>
#include <cstring>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/platform/process.hpp"
#include "cmd/commands.hpp"
#include "cmd/console.hpp"
#include "cmd/output.hpp"
#include "device/device.hpp"

namespace {

using ovenbird::Command;

constexpr std::array kModels{
    Command{"pull", "download a model of a hub", ovenbird::pull_command},
    Command{"list", "show the models that were baked by name", ovenbird::list_command},
    Command{"rm", "delete models that were baked by name", ovenbird::rm_command},
    Command{"bake", "turn a model into a static INT4 folder", ovenbird::bake_command},
};
constexpr std::array kRun{
    Command{"run", "answer a prompt with a static model", ovenbird::run_command},
    Command{"chat", "talk with a model", ovenbird::chat_command},
    Command{"embed", "print the vectors of texts with an embedding model", ovenbird::embed_command},
    Command{"serve", "answer over HTTP, as OpenAI's API does", ovenbird::serve_command},
    Command{"bench", "measure a baked folder, and other runtimes beside it", ovenbird::bench_command},
    Command{"eval", "measure how good a baked folder is, beside its source", ovenbird::eval_command},
};
constexpr std::array kMachine{
    Command{"check", "say whether an NPU can take a model", ovenbird::check_command},
    Command{"doctor", "say what this machine lacks to run models, and what mends it",
            ovenbird::doctor_command},
    Command{"cache", "show or clear the compiled-model cache", ovenbird::cache_command},
};

struct CommandGroup {
    const char* title;
    std::span<const Command> commands;
};
constexpr std::array kGroups{CommandGroup{"Models", kModels}, CommandGroup{"Run", kRun},
                             CommandGroup{"Machine", kMachine}};

void print_help() {
    ovenbird::print_output(
        "Ovenbird bakes language models for Intel NPUs and runs them.\n\nusage: ovenbird COMMAND …\n");
    for (const auto& group : kGroups) {
        ovenbird::print_output("\n{}\n", group.title);
        for (const auto& command : group.commands)
            ovenbird::print_output("  {:<8} {}\n", command.name, command.summary);
    }
    ovenbird::print_output(
        "\nA model is ORG/NAME of a hub, a Hugging Face folder, a .gguf file, or an OpenVINO IR.\n"
        "\nExamples\n"
        "  ovenbird chat ORG/NAME                      download, bake at the first time, and talk\n"
        "  ovenbird bake ./folder -o baked             a folder, a .gguf file or a .xml file likewise\n"
        "  ovenbird run baked \"What is an oven?\"       NPU, else GPU, else CPU\n"
        "\novenbird COMMAND --help tells more; ovenbird --version tells the versions.\n");
}

int dispatch(int argc, char** argv) {
    const char* name = argc > 1 ? argv[1] : "--help";
    if (std::strcmp(name, "--help") == 0 || std::strcmp(name, "-h") == 0) return print_help(), 0;
    if (std::strcmp(name, "--version") == 0) {
        ovenbird::print_output("ovenbird {}\nopenvino {}\n", OVENBIRD_VERSION, ovenbird::openvino_version());
        return 0;
    }
    if (std::strcmp(name, "worker") == 0) return ovenbird::worker_command(argc - 1, argv + 1);
    if (std::strcmp(name, "npu-compile") == 0) return ovenbird::compile_for_npu_command(argc - 1, argv + 1);
    for (const auto& group : kGroups) {
        for (const auto& command : group.commands) {
            if (std::strcmp(name, command.name) == 0) return command.run(argc - 1, argv + 1);
        }
    }
    ovenbird::fail(ovenbird::ErrorCode::usage, "'{}' is not a command; see ovenbird --help", name);
}

}  // namespace

int main(int argc, char** argv) {
    ovenbird::ignore_broken_pipes();
    ovenbird::prepare_console();
    try {
        auto words = ovenbird::program_arguments(argc, argv);
        std::vector<char*> arguments;
        arguments.reserve(words.size() + 1);
        for (auto& word : words)
            arguments.push_back(word.data());
        arguments.push_back(nullptr);
        return dispatch(static_cast<int>(words.size()), arguments.data());
    } catch (const ovenbird::OutputClosed&) {
        return ovenbird::kOutputClosedStatus;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "error: %s\n", ovenbird::failure_text(error).c_str());
        const auto* known = dynamic_cast<const ovenbird::Error*>(&error);
        return known != nullptr ? exit_status(known->code()) : 1;
    }
}
