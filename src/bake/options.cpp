#include "bake/options.hpp"

#include "base/error.hpp"
#include "model/step.hpp"

namespace ovenbird {

namespace {

void validate_exporter(const BakeOptions& options) {
    const auto& exporter = options.exporter;
    if (exporter != "ovenbird" && exporter != "optimum-intel" && exporter != "auto")
        fail(ErrorCode::usage, "--exporter {} is not known; it takes ovenbird, optimum-intel or auto",
             exporter);
    const auto refuse = [&](bool given, const char* option, const char* other) {
        if (given) fail(ErrorCode::usage, "{} does nothing with --exporter {}; {}", option, exporter, other);
    };
    const bool own = exporter == "ovenbird";
    constexpr const char* kTheirs = "it is optimum-intel's: --exporter optimum-intel";
    refuse(own && !options.dataset.empty(), "--dataset", kTheirs);
    refuse(own && options.awq, "--awq", kTheirs);
    refuse(own && options.scale_estimation, "--scale-estimation", kTheirs);
    refuse(own && options.gptq, "--gptq", kTheirs);
    constexpr const char* kOurs = "it is of Ovenbird's own conversion; leave it out";
    refuse(exporter == "optimum-intel" && !options.search_scales, "--no-search-scales", kOurs);
    refuse(exporter == "optimum-intel" && options.head_bits != 8, "--head-bits", kOurs);
    refuse(exporter == "optimum-intel" && options.activations_scale_factor > 1, "--activations-scale-factor",
           kOurs);
}

}  // namespace

void validate(const BakeOptions& options) {
    if (options.bits != 4 && options.bits != 8 && options.bits != 16) {
        fail(ErrorCode::usage, "--bits {} is not known; it takes 4, 8 or 16", options.bits);
    }
    if (options.head_bits != 4 && options.head_bits != 8)
        fail(ErrorCode::usage, "--head-bits {} is not known; it takes 4 or 8", options.head_bits);
    if (options.head_bits == 4 && options.bits != 4)
        fail(ErrorCode::usage,
             "--head-bits 4 goes with layers in 4 bits, and --bits is {}; leave one of them out",
             options.bits);
    const bool group_fits =
        options.group_size == -1 ||
        (options.group_size >= 16 && options.group_size <= 65536 && options.group_size % 2 == 0);
    if (!group_fits) {
        fail(ErrorCode::usage,
             "--group-size {} is not known; it takes -1 (per channel) or an even number from 16 on",
             options.group_size);
    }
    if (!(options.ratio >= 0.0 && options.ratio <= 1.0)) {
        fail(ErrorCode::usage, "--ratio {} is outside 0 to 1", options.ratio);
    }
    if (options.seq_len < 1 || options.seq_len > 131072) {
        fail(ErrorCode::usage, "--seq-len {} is outside 1 to 131072", options.seq_len);
    }
    const int64_t factor = options.activations_scale_factor;
    if (factor < 0 || factor > kLargestScaleFactor || (factor & (factor - 1)) != 0) {
        fail(ErrorCode::usage,
             "--activations-scale-factor {} is not known; it takes 0 (as the model needs) or a power of two "
             "from 1 to {}",
             factor, kLargestScaleFactor);
    }
    if (options.context != 0 && (options.context < kSmallestContext || options.context > 131072)) {
        fail(ErrorCode::usage, "--context {} is not known; it takes 0 (no cache) or {} to 131072",
             options.context, kSmallestContext);
    }
    if (options.form != "whole" && options.form != "folded" && options.form != "both")
        fail(ErrorCode::usage, "--form {} is not known; it takes whole, folded or both", options.form);
    if (options.embedding != "device" && options.embedding != "host") {
        fail(ErrorCode::usage, "--embedding {} is not known; it takes device or host", options.embedding);
    }
    const auto& check = options.forward_check;
    if (check != "all" && check != "one" && check != "off")
        fail(ErrorCode::usage, "--forward-check {} is not known; it takes all, one or off", check);
    const auto& effort = options.effort;
    if (effort != "fast" && effort != "normal" && effort != "best")
        fail(ErrorCode::usage, "--effort {} is not known; it takes fast, normal or best", effort);
    const auto& rotate = options.rotate;
    if (rotate != "auto" && rotate != "on" && rotate != "off")
        fail(ErrorCode::usage, "--rotate {} is not known; it takes auto, on or off", rotate);
    if (effort == "fast" && !options.calibration.empty())
        fail(ErrorCode::usage, "--calibration does nothing with --effort fast; take --effort best");
    if (!options.calibration.empty() && !std::filesystem::is_regular_file(options.calibration))
        fail(ErrorCode::not_found, "--calibration {}: there is no such file", options.calibration);
    if (options.calibration_tokens < 0 || options.calibration_tokens > (int64_t{1} << 24))
        fail(ErrorCode::usage, "--calibration-tokens {} is outside 0 to 16777216",
             options.calibration_tokens);
    validate_exporter(options);
    if (options.source.empty())
        fail(ErrorCode::usage, "no source given: a Hugging Face folder or a .gguf file");
    if (options.output.empty()) fail(ErrorCode::usage, "no output folder given: use -o DIR");
}

Json to_json(const BakeOptions& options) {
    Json json;
    json["symmetric"] = options.symmetric;
    if (!options.npu_platforms.empty()) json["npu-platform"] = options.npu_platforms;
    visit_bake_options(options,
                       [&](const char* name, const auto& value, const char*) { json[name] = value; });
    json.erase("python");  // a place of this machine
    json["calibration"] = std::filesystem::path(options.calibration).filename().string();
    return json;
}

}  // namespace ovenbird
