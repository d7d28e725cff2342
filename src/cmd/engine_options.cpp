#include "cmd/engine_options.hpp"

#include <sstream>

#include "base/error.hpp"
#include "cmd/named_model.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

std::optional<Manifest> manifest_of(const EngineOptions& options) {
    const bool own = options.model_xml.empty() || options.model_xml.filename() == kModelXmlName;
    return own ? find_manifest(options.folder) : std::nullopt;
}

void tell(const OpenedEngine& opened, ConsoleReporter& reporter) {
    reporter.debug(
        fmt::format("compiled for {} in {:.2f} s", opened.engine->device(), opened.compile_seconds));
    if (const uint64_t bytes = opened.engine->cache_bytes(); bytes > 0)
        reporter.debug(fmt::format("keys and values of {} tokens: {:.1f} MiB", opened.engine->window_tokens(),
                                   static_cast<double>(bytes) / (1 << 20)));
    reporter.note(opened.engine->input_shapes());
}

}  // namespace

void add_place_options(CLI::App& app, EngineOptions& options) {
    app.add_option("--tokenizer-id", options.tokenizer,
                   "Folder of the tokenizer, or ORG/NAME (default: the model's own folder)");
    app.add_option("--device", options.devices, "Devices to try, in order")->capture_default_str();
    app.add_option("--ov-config", options.properties,
                   "KEY=VALUE for the device, any OpenVINO property; repeatable")
        ->allow_extra_args(false);
    app.add_option("--cache-dir", options.cache_folder, "Compiled-model cache")->capture_default_str();
    app.add_flag("--no-cache", options.no_cache, "Compile afresh and keep nothing");
    app.add_flag("--validate,!--no-validate", options.validate,
                 "Compare the first step with what the bake recorded, and pass over a device that says "
                 "something else; usual on every device but the CPU");
}

CLI::Option* add_form_flags(CLI::App& app, EngineOptions& options) {
    auto* stateless = app.add_flag_callback(
        "--stateless", [&options] { options.form = FormChoice::window; },
        "Keep no keys and values: compute the whole window [1, N] for every token");
    app.add_flag_callback(
           "--static", [&options] { options.form = FormChoice::any_static; },
           "The static graphs with a cache on every device, not only on an NPU")
        ->excludes(stateless);
    return stateless;
}

void add_engine_options(CLI::App& app, EngineOptions& options) {
    add_place_options(app, options);
    auto* stateless = add_form_flags(app, options);
    const std::map<std::string, FormChoice> forms{{"whole", FormChoice::whole},
                                                  {"folded", FormChoice::folded}};
    app.add_option(
           "--form", options.form,
           "Which static graphs, on every device: whole (all layers in one) or folded (one graph run for "
           "every layer); an NPU takes folded ones unless told otherwise")
        ->transform(CLI::CheckedTransformer(forms))
        ->excludes(stateless);
}

void settle_places(EngineOptions& options, Reporter& reporter) {
    if (!options.model_xml.empty()) {
        const bool bare = !options.model_xml.has_parent_path();
        options.folder = bare ? fs::path(".") : options.model_xml.parent_path();
        options.form = FormChoice::window;
    } else if (options.folder.empty()) {
        fail(ErrorCode::usage, "no model given: name a folder that ovenbird bake made; see --help");
    } else {
        options.folder = baked_folder(options.folder, reporter);
    }
    options.tokenizer =
        options.tokenizer.empty() ? options.folder : tokenizer_place(options.tokenizer, reporter);
    options.manifest = manifest_of(options);
    options.context = cached_context(options.folder, options.manifest, options.form);
}

DeviceOptions device_options(const EngineOptions& options) {
    DeviceOptions device;
    device.devices.clear();
    std::istringstream names(options.devices);
    for (std::string name; std::getline(names, name, ',');) {
        if (!name.empty()) device.devices.push_back(name);
    }
    for (const auto& property : options.properties) {
        const size_t equals = property.find('=');
        if (equals == std::string::npos || equals == 0)
            fail(ErrorCode::usage, "--ov-config {}: expected KEY=VALUE", property);
        device.properties[property.substr(0, equals)] = property.substr(equals + 1);
    }
    if (!options.no_cache) device.cache_folder = options.cache_folder;
    return device;
}

OpenedEngine open_told(const EngineOptions& options, int64_t pad_id, ConsoleReporter& reporter) {
    OpenOptions how{device_options(options), options.form, options.model_xml, options.validate};
    how.device.on_note = [&reporter](const std::string& text) { reporter.note(text); };
    if (options.context == 0 && options.form != FormChoice::window)
        reporter.note("no graphs with a cache in the folder: the whole window is computed for every token");
    OpenedEngine opened = open_engine(options.folder, options.manifest, how, pad_id);
    tell(opened, reporter);
    return opened;
}

}  // namespace ovenbird
