#include "hub/pull.hpp"

#include <functional>

#include "base/error.hpp"
#include "base/platform/process.hpp"
#include "cmd/commands.hpp"
#include "cmd/console.hpp"
#include "cmd/json_progress.hpp"
#include "cmd/named_model.hpp"
#include "cmd/options.hpp"
#include "cmd/output.hpp"

namespace ovenbird {
namespace {

int told_in_json(JsonProgress& progress, const std::function<std::string(Reporter&)>& work) {
    try {
        progress.tell({{"status", "success"}, {"place", work(progress)}});
        return 0;
    } catch (const std::exception& error) {
        progress.tell({{"error", failure_text(error)}});
        throw;
    }
}

}  // namespace

int pull_command(int argc, char** argv) {
    CLI::App app(
        "Download what a bake of a hub's model needs, into the cache that huggingface_hub uses too; prints "
        "where it is.\nRespects HF_ENDPOINT, HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_HUB_OFFLINE and proxies.",
        "ovenbird pull");
    std::string text;
    bool bakes = false;
    bool json = false;
    ConsoleOptions console;
    app.add_option("name", text, "ORG/NAME[@REVISION][:FILE or quantisation of a GGUF repository]")
        ->required();
    app.add_flag("--bake", bakes,
                 "Bake it, too, as 'ovenbird run NAME' would at its first time; prints the baked folder");
    app.add_flag("--json", json, "Print the progress, and the place at the end, as lines of JSON");
    add_console_options(app, console);
    if (!parse_command(app, argc, argv)) return 0;
    const auto name = parse_model_name(text);
    if (!name) fail(ErrorCode::usage, "'{}' is no name of a model; it looks like ORG/NAME", text);
    return with_console(console, [&](ConsoleReporter& reporter) {
        install_interrupt_handler();
        const auto work = [&](Reporter& progress) {
            return (bakes ? baked_folder(text, progress) : pull(*name, progress).source).string();
        };
        if (json) {
            JsonProgress progress(reporter);
            return told_in_json(progress, work);
        }
        write_output(work(reporter) + "\n");
        return 0;
    });
}

}  // namespace ovenbird
