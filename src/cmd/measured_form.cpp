#include "cmd/measured_form.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

// Those that take dynamic shapes.
std::vector<std::string> without_npus(std::vector<std::string> devices) {
    std::erase_if(devices, [](const std::string& device) { return device_family(device) == "NPU"; });
    return devices;
}

MeasuredForm chosen(EngineOptions options, const Manifest& manifest, FormChoice choice,
                    std::optional<Form> form = {}) {
    options.form = choice;
    options.context = cached_context(options.folder, manifest, choice);
    return {std::move(options), manifest, form};
}

MeasuredForm dynamic(const EngineOptions& options, const Manifest& manifest) {
    if (manifest.dynamic_graph.empty())
        fail(ErrorCode::unsupported, "{}: the folder has no dynamic graph; bake it with --context 1024",
             options.folder.string());
    return chosen(options, manifest, FormChoice::best, Form::dynamic);
}

std::vector<MeasuredForm> all_of(const EngineOptions& options, const Manifest& manifest,
                                 ConsoleReporter& reporter) {
    std::vector<MeasuredForm> forms;
    if (!manifest.dynamic_graph.empty()) {
        if (without_npus(device_options(options).devices).empty())
            reporter.note("the dynamic form is left out: an NPU takes static graphs only");
        else
            forms.push_back(dynamic(options, manifest));
    }
    if (!manifest.graphs.empty()) forms.push_back(chosen(options, manifest, FormChoice::whole));
    if (!manifest.folded.steps.empty()) forms.push_back(chosen(options, manifest, FormChoice::folded));
    forms.push_back(chosen(options, manifest, FormChoice::window));
    return forms;
}

std::vector<MeasuredForm> forms_of(const EngineOptions& options, const Manifest& manifest,
                                   const std::string& form, ConsoleReporter& reporter) {
    if (form == "all") return all_of(options, manifest, reporter);
    if (form == "window") return {chosen(options, manifest, FormChoice::window)};
    if (form == "whole") return {chosen(options, manifest, FormChoice::whole)};
    if (form == "folded") return {chosen(options, manifest, FormChoice::folded)};
    if (form == "dynamic") return {dynamic(options, manifest)};
    return {chosen(options, manifest, options.form)};
}

}  // namespace

int64_t MeasuredForm::most_tokens() const {
    return options.context > 0 ? options.context : manifest.seq_len;
}

Measured MeasuredForm::name() const {
    const fs::path place = fs::absolute(options.folder).lexically_normal();
    Measured measured;
    measured.folder = (place.has_filename() ? place : place.parent_path()).filename().string();
    std::error_code error;
    const auto bytes = fs::file_size(options.folder / kModelBinName, error);
    measured.weights_bytes = error ? 0 : bytes;
    return measured;
}

std::unique_ptr<Engine> MeasuredForm::open(int64_t pad_id, Measured& measured,
                                           ConsoleReporter& reporter) const {
    if (!form) {
        OpenedEngine opened = open_told(options, pad_id, reporter);
        measured.form = form_name(opened.form);
        return std::move(opened.engine);
    }
    DeviceOptions device = device_options(options);
    device.on_note = [&reporter](const std::string& text) { reporter.note(text); };
    device.devices = without_npus(device.devices);
    if (device.devices.empty())
        fail(ErrorCode::usage, "--form dynamic: an NPU takes static graphs only; name another --device");
    std::unique_ptr<Engine> engine;
    const auto opened = open_on_first(device.devices, [&](const std::string& name) {
        engine = open_form(name, *form, options.folder, manifest, device, pad_id);
    });
    for (const auto& passed : opened.passed_over)
        reporter.note(fmt::format("{} passed over: {}", passed.device, passed.reason));
    measured.form = form_name(*form);
    return engine;
}

std::vector<MeasuredForm> measured_forms(const std::vector<fs::path>& folders, const EngineOptions& common,
                                         const std::string& form, ConsoleReporter& reporter) {
    std::vector<MeasuredForm> forms;
    std::vector<std::string> names;
    for (const auto& folder : folders) {
        EngineOptions options = common;
        options.folder = folder;
        settle_places(options, reporter);
        if (!options.manifest)
            fail(ErrorCode::unsupported, "{}: ovenbird bake did not make this folder; bake its source first",
                 options.folder.string());
        const auto of_folder = forms_of(options, *options.manifest, form, reporter);
        names.push_back(of_folder.front().name().folder);
        if (std::count(names.begin(), names.end(), names.back()) > 1)
            fail(ErrorCode::usage, "two folders are called '{}': they could not be told apart", names.back());
        forms.insert(forms.end(), of_folder.begin(), of_folder.end());
    }
    return forms;
}

}  // namespace ovenbird
