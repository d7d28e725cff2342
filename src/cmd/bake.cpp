#include "bake/bake.hpp"
#include "bake/arch/architecture.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/platform/process.hpp"
#include "cmd/commands.hpp"
#include "cmd/console.hpp"
#include "cmd/options.hpp"
#include "cmd/output.hpp"
#include "hub/pull.hpp"
#include "hub/store.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

struct Words {
    BakeOptions options;
    GivenOptions given;
    ConsoleOptions console;
    std::string target;
    bool plan = false;
    bool json = false;
    bool architectures = false;
};

// Flags turn their member over ("--force"); members that are on by default get a "--no-…" beside.
void add_option(CLI::App& app, const std::string& name, bool& value, const char* help) {
    const std::string off = "!--no-" + name;
    app.add_flag(value ? "--" + name + "," + off : "--" + name, value, help);
}

template <typename Value>
void add_option(CLI::App& app, const std::string& name, Value& value, const char* help) {
    app.add_option("--" + name, value, help)->capture_default_str();
}

// What would change nothing is more likely a mistake than meant.
void refuse_idle_options(const CLI::App& app, const BakeOptions& options) {
    const auto refuse = [&](const char* name, const char* why) {
        if (app.count(name) > 0)
            fail(ErrorCode::usage, "{} does nothing with --bits {}: {}; leave it out", name, options.bits,
                 why);
    };
    if (options.bits == 4) return;
    if (options.group_size != -1) refuse("--group-size", "only 4 bits have groups");
    refuse("--ratio", "it shares the weights out between 4 bits and 8");
    if (options.bits == 16) refuse("--asym", "f16 has no zero points");
}

// What a device keeps small, where nothing else is asked for.
void apply_target(const CLI::App& app, const std::string& target, BakeOptions& options) {
    if (target.empty()) return;
    if (target != "npu" && target != "cpu" && target != "gpu")
        fail(ErrorCode::usage, "--target {} is not known; it takes npu, cpu or gpu", target);
    if (target == "npu" && app.count("--asym") == 0) options.symmetric = true;
    if (app.count("--group-size") == 0) options.group_size = target == "npu" ? -1 : 64;
}

bool parse(int argc, char** argv, Words& words) {
    CLI::App app("Turn a language model into a static INT4 OpenVINO model that an Intel NPU takes",
                 "ovenbird bake");
    app.add_option(
        "source,--model-id", words.options.source,
        "A Hugging Face folder (config.json, safetensors, tokenizer.json), a .gguf file, an OpenVINO IR, or "
        "ORG/NAME[@REVISION][:FILE] of a hub");
    app.add_option("-o,--output-dir", words.options.output,
                   "The folder to make; it appears whole or not at all (default for ORG/NAME: where run and "
                   "chat look for it)");
    bool asym = false;
    bool sym = false;
    auto* asym_flag = app.add_flag("--asym", asym, "Unsigned weights with a zero point a group");
    app.add_flag("--sym", sym, "Signed weights without zero points (the default)")->excludes(asym_flag);
    visit_bake_options(words.options, [&](const char* name, auto& value, const char* help) {
        add_option(app, name, value, help);
    });
    app.add_flag_callback(
        "--no-forward-check", [&] { words.options.forward_check = "off"; },
        "The same as --forward-check off");
    app.add_option("--npu-platform", words.options.npu_platforms,
                   "Also compile for these NPU generations (3720, 4000, 5010, 5020, 6010), with commas; "
                   "--group-size is then -1 unless given")
        ->delimiter(',');
    app.add_option("--npu-compiler", words.options.npu_compiler,
                   "The command that compiles; $OVENBIRD_NPU_COMPILE, else npu-compile");
    app.add_option("--target", words.target,
                   "Set --group-size for a device: npu (one scale a row, the form that stays INT4 there), "
                   "cpu or gpu (64)");
    app.add_flag("--architectures", words.architectures,
                 "Print which model families are baked, as JSON, and stop");
    app.add_flag("--plan", words.plan, "Print what would be done, tensor by tensor, and stop");
    app.add_flag("--json", words.json, "Print the plan, or the finished folder's manifest, as JSON");
    add_console_options(app, words.console);
    if (!parse_command(app, argc, argv)) return false;
    words.options.symmetric = !asym;
    refuse_idle_options(app, words.options);
    apply_target(app, words.target, words.options);
    // Groups become f16 in what an NPU compiler makes.
    if (!words.options.npu_platforms.empty() && app.count("--group-size") == 0) words.options.group_size = -1;
    words.given = {app.count("--bits") > 0, app.count("--group-size") > 0 || words.options.group_size == -1,
                   app.count("--seq-len") > 0};
    return true;
}

// A name becomes its files, and the place where run and chat look for its bake.
void settle_source(BakeOptions& options, Reporter& reporter) {
    const auto name = named_model(options.source);
    if (!name) return;
    if (options.output.empty()) options.output = baked_place(model_store(), *name);
    const PulledModel pulled = pull(*name, reporter);
    if (pulled.is_baked)
        fail(ErrorCode::usage, "{} is baked already: ovenbird run {}", name->text(), name->text());
    options.source = pulled.source;
}

void print_plan(const Words& words) {
    auto options = words.options;
    if (options.output.empty()) options.output = "unnamed";  // a plan needs no place to write to
    const auto planned = plan_bake(options);
    write_output(words.json ? plan_json(planned.plan).dump(2) + "\n" : plan_text(planned.plan));
}

void print_architectures() {
    Json rows = Json::array();
    for (const auto* row : architectures()) {
        Json gguf = Json::array();
        for (const auto& kind : row->gguf)
            gguf.push_back(kind.name);
        rows.push_back({{"model_type", row->model_type}, {"models", row->models}, {"gguf", std::move(gguf)}});
    }
    write_output(rows.dump(2) + "\n");
}

int work(Words& words, ConsoleReporter& reporter) {
    if (words.architectures) return print_architectures(), 0;
    install_interrupt_handler();
    settle_source(words.options, reporter);
    if (const auto told = suit_embedder(words.options, words.given); !told.empty()) reporter.note(told);
    if (words.plan) {
        print_plan(words);
        return 0;
    }
    if (words.options.output.empty())
        fail(ErrorCode::usage,
             "bake needs a source, and -o FOLDER, the folder to make (only ORG/NAME has a place of its own)");
    fs::create_directories(fs::absolute(words.options.output).parent_path());
    if (!words.target.empty())
        reporter.note(fmt::format("for --target {}: --group-size {} {}", words.target,
                                  words.options.group_size, words.options.symmetric ? "--sym" : "--asym"));
    const Manifest manifest = bake(words.options, reporter);
    if (words.json) write_output(to_json(manifest).dump(2) + "\n");
    reporter.note(fmt::format("baked {} into {}", manifest.source_name, words.options.output.string()));
    // The folder is there and sound, but not all that was asked for.
    const bool all_blobs = std::all_of(manifest.blobs.begin(), manifest.blobs.end(),
                                       [](const CompiledBlob& blob) { return blob.refused.empty(); });
    return all_blobs ? 0 : 1;
}

}  // namespace

int bake_command(int argc, char** argv) {
    Words words;
    if (!parse(argc, argv, words)) return 0;
    return with_console(words.console, [&](ConsoleReporter& reporter) { return work(words, reporter); });
}

}  // namespace ovenbird
