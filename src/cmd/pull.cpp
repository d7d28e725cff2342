#include "hub/pull.hpp"

#include "base/error.hpp"
#include "base/platform/process.hpp"
#include "cmd/commands.hpp"
#include "cmd/console.hpp"
#include "cmd/options.hpp"
#include "cmd/output.hpp"

namespace ovenbird {

int pull_command(int argc, char** argv) {
    CLI::App app(
        "Download what a bake of a hub's model needs, into the cache that huggingface_hub uses too; prints "
        "where it is.\nRespects HF_ENDPOINT, HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_HUB_OFFLINE and proxies.",
        "ovenbird pull");
    std::string text;
    ConsoleOptions console;
    app.add_option("name", text, "ORG/NAME[@REVISION][:FILE or quantisation of a GGUF repository]")
        ->required();
    add_console_options(app, console);
    if (!parse_command(app, argc, argv)) return 0;
    const auto name = parse_model_name(text);
    if (!name) fail(ErrorCode::usage, "'{}' is no name of a model; it looks like ORG/NAME", text);
    return with_console(console, [&](ConsoleReporter& reporter) {
        install_interrupt_handler();
        write_output(pull(*name, reporter).source.string() + "\n");
        return 0;
    });
}

}  // namespace ovenbird
