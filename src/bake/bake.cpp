#include "bake/bake.hpp"

#include <openvino/core/version.hpp>

#include "bake/cache_graphs.hpp"
#include "bake/compress.hpp"
#include "bake/folded_graphs.hpp"
#include "bake/freeze/ir_file.hpp"
#include "bake/graph/decoder.hpp"
#include "bake/ir_source.hpp"
#include "bake/npu_blobs.hpp"
#include "bake/stage_two.hpp"
#include "bake/work_folder.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/platform/process.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

void check_disk(uint64_t needed, const fs::path& output) {
    const uint64_t free_bytes = free_disk_bytes(output);
    if (free_bytes >= needed) return;
    fail(ErrorCode::no_space,
         "{}: the bake needs {} MiB of disk and {} MiB are free; free some or choose another place",
         output.string(), needed >> 20, free_bytes >> 20);
}

// Stage 1: weights compressed straight into the file that both stages share, and the dynamic graph over it.
CompressedWeights write_dynamic_model(const BakePlan& plan, const BakeOptions& options,
                                      const fs::path& folder, Reporter& reporter) {
    fs::create_directories(folder);
    const fs::path bin = folder / kModelBinName;
    auto weights = compress_weights(plan, options, bin, reporter);
    const auto model = build_decoder(plan.config, weights.tensors,
                                     {.activations_scale_factor = options.activations_scale_factor});
    write_ir(model, folder / kModelXmlName, bin, weights.file_bytes);
    return weights;
}

std::vector<HashedFile> hash_sources(const std::vector<fs::path>& paths, Reporter& reporter) {
    uint64_t total = 0;
    for (const auto& path : paths)
        total += fs::file_size(path);
    reporter.begin("hash the source", total);
    std::vector<HashedFile> files;
    uint64_t done = 0;
    for (const auto& path : paths) {
        check_interrupted();
        files.push_back({path.filename().string(), fs::file_size(path), hash_file(path)});
        done += files.back().bytes;
        reporter.advance(done);
    }
    reporter.end();
    return files;
}

Manifest start_manifest(const BakeOptions& options, const char* source_kind) {
    Manifest manifest;
    manifest.ovenbird_version = OVENBIRD_VERSION;
    manifest.openvino_version = ov::get_openvino_version().buildNumber;
    manifest.source_kind = source_kind;
    const fs::path source = fs::absolute(options.source).lexically_normal();
    manifest.source_name = (source.has_filename() ? source : source.parent_path()).filename().string();
    manifest.options = to_json(options);
    return manifest;
}

void record_quantization(const BakePlan& plan, Manifest& manifest) {
    std::map<std::string, int64_t> forms;
    bool blocks = false;
    for (const auto& tensor : plan.tensors) {
        forms[form_name(tensor)] += tensor.rows * tensor.columns;
        blocks = blocks || block_layout(tensor.source->type).elements > 1;
    }
    manifest.quantization["weights_by_form"] = forms;
    manifest.quantization["source_blocks_requantised"] = blocks;
    manifest.quantization["notes"] = plan.notes;
}

// What both kinds of source have in common once the dynamic model lies in the work folder. `more` writes the
// graphs that only one kind has.
void finish(const BakeOptions& options, WorkFolder& work, size_t int4_constants, Manifest& manifest,
            Reporter& reporter, const std::function<void()>& more) {
    const fs::path dynamic = work.path() / kIntermediateName;
    check_interrupted();
    reporter.note(fmt::format("stage 2: make the graph static, [1, {}]", options.seq_len));
    write_static_model(options, dynamic, work.path());
    more();
    check_interrupted();
    verify_static_model(options, work.path(), int4_constants, manifest);
    verify_forward(options, dynamic, work.path(), manifest, reporter);
    check_interrupted();
    if (!options.keep_intermediate) remove_tree(dynamic);
    compile_blobs(options, work.path(), manifest, reporter);
    write_file(work.path() / kManifestName, to_json(manifest).dump(2) + "\n");
    work.publish();
}

Manifest bake_checkpoint(const BakeOptions& options, Reporter& reporter) {
    const PlannedBake planned = plan_bake(options);
    const auto& checkpoint = planned.checkpoint;
    const BakePlan& plan = planned.plan;
    for (const auto& note : plan.notes)
        reporter.note(note);
    for (const auto& warning : plan.warnings)
        reporter.warn(warning);
    check_disk(plan.disk_bytes, options.output);
    WorkFolder work(options.output, options.force);

    Manifest manifest = start_manifest(options, checkpoint->kind());
    manifest.model_type = plan.config.model_type;
    record_quantization(plan, manifest);
    manifest.source_files = hash_sources(checkpoint->files(), reporter);
    manifest.text_files = checkpoint->write_text_files(work.path());
    const auto weights = write_dynamic_model(plan, options, work.path() / kIntermediateName, reporter);
    manifest.quantization["relative_error"] = weights.relative_error;
    size_t int4_constants = 0;
    for (const auto& tensor : plan.tensors) {
        if (tensor.store == Store::quantized && tensor.format.bits == 4) ++int4_constants;
    }
    finish(options, work, int4_constants, manifest, reporter, [&] {
        write_cache_graphs(plan.config, weights, options, work.path(), manifest, reporter);
        if (options.form != "whole")
            write_folded_graphs(plan.config, weights, options, work.path(), manifest, reporter);
    });
    return manifest;
}

// An IR is its own stage 1: its weights are kept as they are.
Manifest bake_ir(const IrSource& source, const BakeOptions& options, Reporter& reporter) {
    if (options.activations_scale_factor != 1) {
        fail(ErrorCode::usage,
             "--activations-scale-factor needs a checkpoint: an IR's graph is kept as it is");
    }
    const uint64_t bytes = fs::file_size(source.bin) + 4 * fs::file_size(source.xml);
    check_disk(bytes + (uint64_t{32} << 20), options.output);
    WorkFolder work(options.output, options.force);
    Manifest manifest = start_manifest(options, "openvino");
    manifest.model_type = source.model_type;
    manifest.source_files = hash_sources({source.xml, source.bin}, reporter);
    manifest.text_files = copy_text_files(source.xml.parent_path(), work.path());
    const WeightCount weights = copy_ir(source, work.path() / kIntermediateName, reporter);
    manifest.quantization["notes"] = std::vector<std::string>{"the IR's own weights, as they were"};
    finish(options, work, weights.int4_constants, manifest, reporter, [] {});
    return manifest;
}

}  // namespace

PlannedBake plan_bake(const BakeOptions& options) {
    validate(options);
    if (find_ir_source(options.source)) {
        fail(ErrorCode::usage, "{}: an IR keeps its weights as they are, so there is nothing to plan",
             options.source.string());
    }
    PlannedBake planned{open_checkpoint(options.source), {}};
    planned.plan = make_plan(*planned.checkpoint, options);
    return planned;
}

Manifest bake(const BakeOptions& options, Reporter& reporter) {
    validate(options);
    check_npu_platforms(options);
    if (const auto ir = find_ir_source(options.source)) return bake_ir(*ir, options, reporter);
    return bake_checkpoint(options, reporter);
}

}  // namespace ovenbird
