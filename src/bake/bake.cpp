#include "bake/bake.hpp"

#include <algorithm>
#include <openvino/core/version.hpp>

#include "bake/arch/embedder_body.hpp"
#include "bake/forms/ir_file.hpp"
#include "bake/model_card.hpp"
#include "bake/npu_blobs.hpp"
#include "bake/optimum_export.hpp"
#include "bake/plan_embedder.hpp"
#include "bake/prove.hpp"
#include "bake/prove_vectors.hpp"
#include "bake/work_folder.hpp"
#include "bake/write_forms.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/platform/process.hpp"
#include "hub/origin.hpp"

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

// The files that the weights come from: of an export, those that it was made from.
std::vector<fs::path> weight_files(const BakeOptions& options, const PlannedBake& planned, bool exported) {
    if (!exported) return planned.source->files();
    std::vector<fs::path> files;
    for (const auto& item : fs::directory_iterator(options.source)) {
        if (item.path().extension() == ".safetensors") files.push_back(item.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

Manifest start_manifest(const BakeOptions& options, const PlannedBake& planned,
                        const std::vector<fs::path>& files) {
    Manifest manifest;
    manifest.ovenbird_version = OVENBIRD_VERSION;
    manifest.openvino_version = ov::get_openvino_version().buildNumber;
    manifest.source_kind = planned.source->kind();
    manifest.model_type = planned.plan.config.model_type;
    if (planned.plan.embedder) {
        manifest.embedding = embedding_facts(planned.plan);
        manifest.verification["vocabulary"] = planned.plan.config.vocab_size;
    }
    manifest.quantization["notes"] = planned.plan.notes;
    const fs::path source = fs::absolute(options.source).lexically_normal();
    manifest.source_name = (source.has_filename() ? source : source.parent_path()).filename().string();
    manifest.origin = hub_origin(source, files);
    if (manifest.origin) {  // a snapshot's folder is named by its commit
        const bool is_folder = fs::is_directory(source);
        manifest.source_name = manifest.origin->repo + (is_folder ? "" : ":" + manifest.source_name);
    }
    manifest.options = to_json(options);
    return manifest;
}

void tell(const BakePlan& plan, Reporter& reporter) {
    for (const auto& note : plan.notes)
        reporter.note(note);
    for (const auto& warning : plan.warnings)
        reporter.warn(warning);
}

// Stage 2: each form of the decoder as it was written, read back by a plain ov::Core.
void write_forms(const BakePlan& plan, const fs::path& decoder_folder, const fs::path& folder,
                 Manifest& manifest, Reporter& reporter) {
    link_file(decoder_folder / kModelBinName, folder / kModelBinName);
    const auto decoder = read_ir(decoder_folder / kModelXmlName, folder / kModelBinName);
    for (const auto& form : plan.forms.forms) {
        reporter.note(fmt::format("stage 2: {}", form_title(form, plan.forms)));
        write_form(form, plan.forms, decoder, folder, manifest);
    }
    const auto int4_constants = manifest.verification.at("int4_constants").get<size_t>();
    if (int4_constants >= plan.int4_constants) return;
    fail(ErrorCode::verification,
         "{} INT4 weights were planned but the static model has {}; please report this", plan.int4_constants,
         int4_constants);
}

// Whether stage 1 is optimum-intel's. Otherwise `planned` is what Ovenbird will do itself.
bool needs_export(const BakeOptions& options, PlannedBake& planned, Reporter& reporter) {
    if (options.exporter == "optimum-intel") return true;
    try {
        planned = plan_bake(options);
        return false;
    } catch (const Error& error) {
        if (options.exporter != "auto" || error.code() != ErrorCode::unsupported) throw;
        if (options.head_bits != BakeOptions().head_bits)
            fail(ErrorCode::usage, "{}; optimum-intel may, but not with --head-bits: leave it out",
                 error.what());
        reporter.note(fmt::format("{}; taking optimum-intel", error.what()));
        return true;
    }
}

// What is wrong with the file, whoever needs it will tell.
bool says_encoder(const fs::path& config) {
    try {
        return is_encoder(read_json(config));
    } catch (const Error&) {
        return false;
    }
}

}  // namespace

std::string suit_embedder(BakeOptions& options, const GivenOptions& given) {
    const fs::path config = options.source / "config.json";
    std::error_code error;
    const bool has_modules = fs::is_regular_file(options.source / "modules.json", error);
    if (!fs::is_regular_file(config, error) || (!has_modules && !says_encoder(config))) return "";
    std::string told;
    const auto settle = [&](bool is_given, auto& value, auto suits, const char* option) {
        if (is_given) return;
        value = suits;
        told += fmt::format("{}{} {}", told.empty() ? "for an embedding model: " : ", ", option, suits);
    };
    settle(given.bits, options.bits, 8, "--bits");
    if (options.bits == 4) settle(given.group_size, options.group_size, int64_t{64}, "--group-size");
    settle(given.seq_len, options.seq_len, int64_t{512}, "--seq-len");
    return told;
}

PlannedBake plan_bake(const BakeOptions& options) {
    validate(options);
    if (options.exporter == "optimum-intel")
        fail(ErrorCode::usage,
             "what optimum-intel makes is known when it has made it: there is no plan; bake, or leave out "
             "--exporter");
    PlannedBake planned{open_source(options.source), {}};
    planned.plan = planned.source->plan(options);
    return planned;
}

Manifest bake(const BakeOptions& options, Reporter& reporter) {
    validate(options);
    check_npu_platforms(options);
    PlannedBake planned;
    const bool exports = needs_export(options, planned, reporter);
    if (!exports) check_disk(planned.plan.disk_bytes, options.output);
    WorkFolder work(options.output, options.force);
    const fs::path decoder = work.path() / kIntermediateName;
    fs::create_directories(decoder);
    Json exported;
    if (exports) {
        exported = export_with_optimum(options, decoder / kExportName, reporter);
        planned = plan_bake(options_for_export(options, decoder / kExportName));
        check_disk(planned.plan.disk_bytes, options.output);
    }
    const BakePlan& plan = planned.plan;
    tell(plan, reporter);

    const auto files = weight_files(options, planned, exports);
    Manifest manifest = start_manifest(options, planned, files);
    if (exports) {
        manifest.source_kind = "huggingface";
        manifest.quantization["exporter"] = exported;
    }
    manifest.source_files = hash_sources(files, reporter);
    manifest.text_files = planned.source->write_text_files(work.path());
    auto written = planned.source->write_decoder(plan, options, decoder, work.kept(), manifest, reporter);
    manifest.options["activations-scale-factor"] = written.scale_factor;
    write_forms(plan, decoder, work.path(), manifest, reporter);
    const fs::path decoder_xml = decoder / kModelXmlName;
    if (plan.embedder) {
        prove_vectors(plan.forms, options, decoder_xml, work.path(), manifest, reporter);
    } else {
        prove_forms(plan.forms, options, decoder_xml, std::move(written), work.path(), manifest, reporter);
    }
    check_interrupted();
    if (!options.keep_intermediate) remove_tree(decoder);
    compile_blobs(plan.forms, options, work.path(), manifest, reporter);
    write_file(work.path() / kManifestName, to_json(manifest).dump(2) + "\n");
    write_file(work.path() / kModelCardName, model_card(manifest));
    work.publish();
    return manifest;
}

}  // namespace ovenbird
