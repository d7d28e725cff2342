#include "bake/bake.hpp"

#include <openvino/core/version.hpp>
#include <optional>

#include "bake/compress.hpp"
#include "bake/forward_check.hpp"
#include "bake/freeze/freeze.hpp"
#include "bake/freeze/ir_file.hpp"
#include "bake/graph/decoder.hpp"
#include "bake/work_folder.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/platform/process.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

void check_disk(const BakePlan& plan, const fs::path& output) {
    const uint64_t free_bytes = free_disk_bytes(output);
    if (free_bytes >= plan.disk_bytes) return;
    fail(ErrorCode::no_space,
         "{}: the bake needs {} MiB of disk and {} MiB are free; free some or choose another place",
         output.string(), plan.disk_bytes >> 20, free_bytes >> 20);
}

// Stage 1: weights compressed straight into the file that both stages share, and the dynamic graph over it.
double write_dynamic_model(const BakePlan& plan, const BakeOptions& options, const fs::path& folder,
                           Reporter& reporter) {
    fs::create_directories(folder);
    const fs::path bin = folder / kModelBinName;
    const auto weights = compress_weights(plan, options, bin, reporter);
    const auto model = build_decoder(plan.config, weights.tensors);
    write_ir(model, folder / kModelXmlName, bin, weights.file_bytes);
    return weights.relative_error;
}

// Stage 2: read back with a plain ov::Core, made static, written over the same weights file.
void write_static_model(const BakeOptions& options, const fs::path& dynamic, const fs::path& folder) {
    link_file(dynamic / kModelBinName, folder / kModelBinName);
    const auto read = read_ir(dynamic / kModelXmlName, dynamic / kModelBinName);
    freeze(read.model, options.seq_len, options.all_logits);
    write_ir(read.model, folder / kModelXmlName, folder / kModelBinName, read.weights->bytes());
}

std::string describe_port(const ov::Output<const ov::Node>& port) {
    return port.get_partial_shape().to_string() + " " + port.get_element_type().to_string();
}

// Whether the plan's compressed tensors are still compressed constants in the model.
void verify_weights(const BakePlan& plan, const std::shared_ptr<ov::Model>& model, Manifest& manifest) {
    size_t planned_int4 = 0;
    for (const auto& tensor : plan.tensors) {
        if (tensor.store == Store::quantized && tensor.format.bits == 4) ++planned_int4;
    }
    const auto count = count_compressed(model);
    manifest.verification["int4_constants"] = count.int4_constants;
    manifest.verification["int8_constants"] = count.int8_constants;
    if (count.int4_constants >= planned_int4) return;
    fail(ErrorCode::verification,
         "{} INT4 weights were planned but the static model has {}; please report this", planned_int4,
         count.int4_constants);
}

// Looks at what was written, as re-read from disk.
void verify_static_model(const BakePlan& plan, const BakeOptions& options, const fs::path& folder,
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
    verify_weights(plan, read.model, manifest);
    for (const auto& input : read.model->inputs())
        manifest.inputs[input.get_any_name()] = describe_port(input);
    for (const auto& output : read.model->outputs())
        manifest.outputs[output.get_any_name()] = describe_port(output);
    manifest.seq_len = options.seq_len;
}

void verify_forward(const BakePlan& plan, const BakeOptions& options, const fs::path& dynamic,
                    const fs::path& folder, Manifest& manifest, Reporter& reporter) {
    if (!options.forward_check) {
        manifest.verification["forward"] = "skipped (--no-forward-check)";
        reporter.note("forward check skipped as asked");
        return;
    }
    const auto check = check_forward(dynamic / kModelXmlName, folder / kModelXmlName, options.seq_len,
                                     plan.config.vocab_size);
    manifest.verification["forward"] = to_json(check);
    if (!check.agrees()) {
        fail(ErrorCode::verification,
             "the static model's logits differ from the dynamic model's by up to {:.4g} (largest logit "
             "{:.4g}); the "
             "bake is not trustworthy, please report this model",
             check.largest_difference, check.largest_logit);
    }
    reporter.note(fmt::format("forward check: largest difference {:.2g}, largest logit {:.3g}",
                              check.largest_difference, check.largest_logit));
}

std::vector<HashedFile> hash_sources(const Checkpoint& checkpoint, Reporter& reporter) {
    uint64_t total = 0;
    for (const auto& path : checkpoint.files())
        total += fs::file_size(path);
    reporter.begin("hash the source", total);
    std::vector<HashedFile> files;
    uint64_t done = 0;
    for (const auto& path : checkpoint.files()) {
        check_interrupted();
        files.push_back({path.filename().string(), fs::file_size(path), hash_file(path)});
        done += files.back().bytes;
        reporter.advance(done);
    }
    reporter.end();
    return files;
}

Manifest start_manifest(const Checkpoint& checkpoint, const BakePlan& plan, const BakeOptions& options) {
    Manifest manifest;
    manifest.ovenbird_version = OVENBIRD_VERSION;
    manifest.openvino_version = ov::get_openvino_version().buildNumber;
    manifest.source_kind = checkpoint.kind();
    manifest.source_name = fs::absolute(options.source).lexically_normal().filename().string();
    if (manifest.source_name.empty()) {
        manifest.source_name =
            fs::absolute(options.source).lexically_normal().parent_path().filename().string();
    }
    manifest.model_type = plan.config.model_type;
    manifest.options = to_json(options);
    std::map<std::string, int64_t> forms;
    bool blocks = false;
    for (const auto& tensor : plan.tensors) {
        forms[form_name(tensor)] += tensor.rows * tensor.columns;
        blocks = blocks || block_layout(tensor.source->type).elements > 1;
    }
    manifest.quantization["weights_by_form"] = forms;
    manifest.quantization["source_blocks_requantised"] = blocks;
    manifest.quantization["notes"] = plan.notes;
    return manifest;
}

}  // namespace

PlannedBake plan_bake(const BakeOptions& options) {
    validate(options);
    PlannedBake planned{open_checkpoint(options.source), {}};
    planned.plan = make_plan(*planned.checkpoint, options);
    return planned;
}

Manifest bake(const BakeOptions& options, Reporter& reporter) {
    const auto [checkpoint, plan] = plan_bake(options);
    for (const auto& note : plan.notes)
        reporter.note(note);
    for (const auto& warning : plan.warnings)
        reporter.warn(warning);
    check_disk(plan, options.output);
    WorkFolder work(options.output, options.force);
    const fs::path dynamic = work.path() / kIntermediateName;

    Manifest manifest = start_manifest(*checkpoint, plan, options);
    manifest.source_files = hash_sources(*checkpoint, reporter);
    manifest.text_files = checkpoint->write_text_files(work.path());
    manifest.quantization["relative_error"] = write_dynamic_model(plan, options, dynamic, reporter);
    check_interrupted();
    reporter.note(fmt::format("stage 2: make the graph static, [1, {}]", options.seq_len));
    write_static_model(options, dynamic, work.path());
    check_interrupted();
    verify_static_model(plan, options, work.path(), manifest);
    verify_forward(plan, options, dynamic, work.path(), manifest, reporter);
    check_interrupted();
    if (!options.keep_intermediate) remove_tree(dynamic);
    write_file(work.path() / kManifestName, to_json(manifest).dump(2) + "\n");
    work.publish();
    return manifest;
}

}  // namespace ovenbird
