#include "bake/model_card.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ovenbird {
namespace {

// A repository's name as one line of plain text: a card is read by programs, too.
std::string plain(std::string text) {
    std::replace_if(
        text.begin(), text.end(),
        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '|' || c == '<' || c == '`'; }, ' ');
    return text;
}

std::string front_matter(const Manifest& manifest) {
    std::string text =
        "---\nlibrary_name: openvino\npipeline_tag: text-generation\ntags:\n- ovenbird\n- int4\n";
    if (manifest.origin) text += fmt::format("base_model: {}\n", plain(manifest.origin->repo));
    return text + "---\n\n";
}

std::string recipe(const Manifest& manifest) {
    const Json& options = manifest.options;
    const Json& quantization = manifest.quantization;
    std::string text = "| | |\n| --- | --- |\n";
    const auto row = [&](const std::string& name, const std::string& value) {
        text += fmt::format("| {} | {} |\n", name, plain(value));
    };
    row("made of", manifest.source_name + (manifest.origin ? " at " + manifest.origin->commit : ""));
    row("architecture", manifest.model_type);
    const Json forms = quantization.value("weights_by_form", Json::object());
    for (const auto& [form, weights] : forms.items())
        row("weights in " + form, fmt::format("{:.1f} million", weights.get<double>() / 1e6));
    if (quantization.contains("relative_error"))
        row("error of the weights rounded by themselves",
            fmt::format("{:.3f}% of their squares", 100 * quantization.at("relative_error").get<double>()));
    if (const auto rotation = manifest.verification.find("rotation"); rotation != manifest.verification.end())
        row("rotated", fmt::format("with seed {}; in f32 logits differ by {:.1g} at most",
                                   rotation->at("seed").get<uint64_t>(),
                                   rotation->at("largest_difference").get<double>()));
    if (const auto found = quantization.find("calibration"); found != quantization.end()) {
        row("calibrated",
            fmt::format("on {} tokens of {}, seed {}", found->at("tokens").get<int64_t>(),
                        options.value("calibration", "").empty() ? "the model's own text"
                                                                 : options.value("calibration", ""),
                        found->at("seed").get<int64_t>()));
        row("error of calibrated outputs",
            fmt::format("{:.2f}% of their squares", 100 * found->at("mean_output_error").get<double>()));
        if (const auto held = found->find("held_out"); held != found->end())
            row("KL to the float model, held-out text",
                fmt::format("{:.4f} nats a token, same next token {:.1f}%", held->at("kl").get<double>(),
                            100 * held->at("same_token").get<double>()));
    }
    return text;
}

}  // namespace

std::string model_card(const Manifest& manifest) {
    return front_matter(manifest) +
           fmt::format(
               "# {} for Intel NPUs\n\nStatic OpenVINO graphs with INT4 weights, made by Ovenbird {} with "
               "OpenVINO {}.\n`ovenbird.json` holds all figures, `ovenbird eval` measures more.\n\n",
               plain(manifest.source_name), manifest.ovenbird_version, manifest.openvino_version) +
           recipe(manifest) + "\n```\novenbird run FOLDER \"What is an oven good for?\"\n```\n";
}

}  // namespace ovenbird
