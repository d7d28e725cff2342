#pragma once
// The options that say where a model is, on which device it runs and in which form: shared by all commands
// that run one.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "cmd/console.hpp"
#include "device/compiled_cache.hpp"
#include "model/manifest.hpp"
#include "run/open.hpp"

namespace ovenbird {

struct EngineOptions {
    std::filesystem::path folder;
    std::filesystem::path model_xml;  // a static IR instead of the folder's own; empty: the folder's
    std::filesystem::path tokenizer;  // empty: the folder's
    std::string devices = "NPU,GPU,CPU";
    std::vector<std::string> properties;
    std::filesystem::path cache_folder = compiled_cache_folder();
    bool no_cache = false;
    std::optional<bool> validate;  // see OpenOptions
    FormChoice form = FormChoice::best;

    // Known after settle_places():
    std::optional<Manifest> manifest;  // none for an IR that ovenbird bake did not make
    int64_t context = 0;               // most tokens with a cache; 0: there is none, or it is not wanted
};

/// --device, --ov-config, --cache-dir, --no-cache, --validate, --stateless, --static, --form, --tokenizer-id.
void add_engine_options(CLI::App& app, EngineOptions& options);
/// Of these, those that do not choose a form.
void add_place_options(CLI::App& app, EngineOptions& options);
/// --stateless and --static; returns the former, which excludes others.
CLI::Option* add_form_flags(CLI::App& app, EngineOptions& options);

/// Fills in what follows from the folder. A name instead of one is pulled and baked where that was not done
/// yet: see baked_folder(). Errors: not_found (no such folder: says how to bake one), usage, unsupported
/// (--static or --form without graphs with a cache); those of a pull and of a bake.
void settle_places(EngineOptions& options, Reporter& reporter);

/// Errors: usage, for --ov-config that is no KEY=VALUE.
DeviceOptions device_options(const EngineOptions& options);

/// Opens the model of settled places and tells `reporter` what became of it, and what is sent to the device.
/// Errors: those of open_engine.
OpenedEngine open_told(const EngineOptions& options, int64_t pad_id, ConsoleReporter& reporter);

}  // namespace ovenbird
