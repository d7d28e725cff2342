#include "bake/stage_two.hpp"

#include "bake/forward_check.hpp"
#include "bake/freeze/freeze.hpp"
#include "bake/freeze/ir_file.hpp"
#include "base/error.hpp"
#include "base/platform/files.hpp"
#include "device/embedder.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

std::string describe_port(const ov::Output<const ov::Node>& port) {
    return port.get_partial_shape().to_string() + " " + port.get_element_type().to_string();
}

void verify_weights(const std::shared_ptr<ov::Model>& model, size_t int4_constants, Manifest& manifest) {
    const auto count = count_compressed(model);
    manifest.verification["int4_constants"] = count.int4_constants;
    manifest.verification["int8_constants"] = count.int8_constants;
    if (count.int4_constants >= int4_constants) return;
    fail(ErrorCode::verification,
         "{} INT4 weights were planned but the static model has {}; please report this", int4_constants,
         count.int4_constants);
}

}  // namespace

void write_static_model(const BakeOptions& options, const fs::path& dynamic, const fs::path& folder) {
    link_file(dynamic / kModelBinName, folder / kModelBinName);
    const auto read = read_ir(dynamic / kModelXmlName, dynamic / kModelBinName);
    freeze(read.model, options.seq_len, options.all_logits);
    if (options.embedding == "host") {
        const auto lookup = split_off_embedding(read.model);
        write_ir(lookup, folder / kEmbeddingsXmlName, folder / kModelBinName, read.weights->bytes());
    }
    write_ir(read.model, folder / kModelXmlName, folder / kModelBinName, read.weights->bytes());
}

void verify_static_model(const BakeOptions& options, const fs::path& folder, size_t int4_constants,
                         Manifest& manifest) {
    const auto read = read_ir(folder / kModelXmlName, folder / kModelBinName);
    const auto violations = find_violations(read.model);
    if (!violations.empty()) {
        std::string list;
        for (const auto& violation : violations)
            list += "\n  " + violation.text;
        fail(ErrorCode::verification, "the static model is not what an NPU takes:{}", list);
    }
    manifest.verification["static"] = true;
    verify_weights(read.model, int4_constants, manifest);
    for (const auto& input : read.model->inputs())
        manifest.inputs[input.get_any_name()] = describe_port(input);
    for (const auto& output : read.model->outputs())
        manifest.outputs[output.get_any_name()] = describe_port(output);
    manifest.seq_len = options.seq_len;
}

void verify_forward(const BakeOptions& options, const fs::path& dynamic, const fs::path& folder,
                    Manifest& manifest, Reporter& reporter) {
    if (!options.forward_check) {
        manifest.verification["forward"] = "skipped (--no-forward-check)";
        reporter.note("forward check skipped as asked");
        return;
    }
    const auto check = check_forward(dynamic / kModelXmlName, folder / kModelXmlName, options.seq_len);
    manifest.verification["forward"] = to_json(check);
    if (!check.agrees()) {
        fail(ErrorCode::verification,
             "the static model's logits differ from the dynamic model's by up to {:.4g} (largest logit "
             "{:.4g}); the "
             "bake is not trustworthy, please report this model",
             check.largest_difference, check.largest_logit);
    }
    if (check.overflows_half()) {
        reporter.warn(fmt::format(
            "{} reaches {:.4g}: an NPU computes in f16, where everything beyond 65504 is infinite; bake with "
            "--activations-scale-factor {}, and see ovenbird check --numerics",
            check.largest_node, check.largest_value,
            check.scale_factor() * options.activations_scale_factor));
    }
    reporter.note(fmt::format("forward check: largest difference {:.2g}, largest logit {:.3g}",
                              check.largest_difference, check.largest_logit));
}

}  // namespace ovenbird
