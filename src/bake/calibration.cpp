#include "bake/calibration.hpp"

#include <fmt/format.h>

#include "bake/calibrate/calibrate.hpp"
#include "bake/calibrate/exact_proof.hpp"
#include "bake/calibrate/kept_work.hpp"
#include "bake/calibrate/sample.hpp"
#include "bake/calibration_text.hpp"
#include "bake/forms/passes.hpp"
#include "bake/graph/decoder.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

// A larger model's INT8 weights and the device's own copy of them would not fit into a laptop's memory.
constexpr int64_t kMostInt8Weights = 2'000'000'000;
constexpr int64_t kMostCacheValues = int64_t{1} << 28;

int64_t weight_count(const BakePlan& plan) {
    int64_t count = 0;
    for (const auto& tensor : plan.tensors)
        count += tensor.rows * tensor.columns;
    return count;
}

// The model with INT8 weights, which speaks as the float one does, over a file that is deleted again.
CalibrationTokens sample(const Checkpoint& checkpoint, const BakeOptions& options, int64_t count, bool many,
                         const fs::path& folder, Reporter& reporter) {
    BakeOptions plain = options;
    plain.bits = many ? 4 : 8;
    plain.head_bits = 8;
    plain.effort = "fast";
    plain.group_size = many ? 64 : -1;
    plain.rotate = "off";
    plain.context = 0;
    const BakePlan plan = make_plan(checkpoint, plain);
    const fs::path bin = folder / "sampler.bin";
    CalibrationTokens tokens;
    {
        const auto weights = compress_weights(plan, plain, bin, reporter);
        const auto decoder = build_decoder(plan.config, weights.tensors);
        const JsonObject config(checkpoint.config(), checkpoint.config_origin());
        SampleRequest request;
        request.length = kCalibrationLength;
        request.sequences = std::max<int64_t>(1, count / kCalibrationLength) + kHeldOutSequences;
        const Json& start = config.json().value("bos_token_id", Json());
        request.start_id = start.is_number_integer() ? start.get<int64_t>() : -1;
        if (request.start_id >= plan.config.vocab_size) request.start_id = -1;
        request.most_cache_values = kMostCacheValues;
        request.values_of_token =
            2 * plan.config.layer_count() * plan.config.kv_heads * plan.config.head_size;
        request.seed = static_cast<uint64_t>(options.seed);
        tokens = sample_tokens(decoder, plan.config.vocab_size, request, reporter);
        tokens.held_out = kHeldOutSequences;
    }
    fs::remove(bin);
    return tokens;
}

// What is calibrated, and how: all that the codes depend on.
std::string key_of(const Manifest& manifest, const BakeOptions& options, const fs::path& text_folder) {
    Json key = to_json(options);
    for (const char* inert : {"force", "keep-intermediate", "forward-check", "form", "npu-platform"})
        key.erase(inert);
    if (!options.calibration.empty()) key["calibration"] = hash_file(options.calibration);
    for (const auto& file : manifest.source_files)
        key["files"].push_back(file.hash);
    for (const auto& name : manifest.text_files)  // its configuration and its tokenizer
        key["files"].push_back(hash_file(text_folder / name));
    key["version"] = manifest.ovenbird_version;
    return key.dump();
}

Json to_json(const CalibrationReport& report, const BakeOptions& options) {
    Json json{{"tokens", report.tokens}, {"seconds", report.seconds}, {"seed", options.seed}};
    double sum = 0;
    size_t data_free = 0;
    for (const auto& matrix : report.matrices) {
        sum += matrix.relative_error;
        data_free += matrix.data_free ? 1 : 0;
        json["output_error"][matrix.name] = matrix.relative_error;
    }
    json["mean_output_error"] =
        report.matrices.empty() ? 0 : sum / static_cast<double>(report.matrices.size());
    json["data_free"] = data_free;
    if (report.held_out.tokens > 0)
        json["held_out"] = {{"tokens", report.held_out.tokens},
                            {"kl", report.held_out.kl},
                            {"same_token", report.held_out.same_token}};
    return json;
}

}  // namespace

Json prove_exact(const BakePlan& plan, const StoredTensors& stored, Reporter& reporter) {
    // Sums of many layers in another order: f32 itself.
    constexpr double kTolerance = 1e-3;
    std::map<std::string, const PlannedTensor*> planned;
    for (const auto& tensor : plan.tensors)
        planned[tensor.source->name] = &tensor;
    const auto proof = compare_exact(
        plan.config, stored,
        [&](const std::string& name, float* out) {
            const auto& tensor = *planned.at(name);
            read_rows(*tensor.source, 0, tensor.rows, out);
        },
        [&](const std::string& name, float* out) {
            const auto& tensor = *planned.at(name);
            read_planned(tensor, 0, tensor.rows, out);
        },
        plan.exact->mixes_head(), reporter);
    if (!(proof.largest_difference <= kTolerance * std::max(proof.largest_logit, 1.0)))
        fail(ErrorCode::verification,
             "rotated, the model is another one: its logits differ by {:.4f}, the largest is {:.2f}; bake "
             "with "
             "--rotate off, and please report this",
             proof.largest_difference, proof.largest_logit);
    return {{"largest_difference", proof.largest_difference},
            {"largest_logit", proof.largest_logit},
            {"seed", plan.exact->seed()}};
}

Json calibrate_weights(const Checkpoint& checkpoint, const BakePlan& plan, const BakeOptions& options,
                       const CompressedWeights& weights, const fs::path& text_folder,
                       const fs::path& kept_folder, const Manifest& manifest, Reporter& reporter) {
    if (!plan.calibration) fail(ErrorCode::internal, "a plan without a calibration cannot be calibrated");
    KeptWork kept(kept_folder, key_of(manifest, options, text_folder));
    std::map<std::string, QuantTarget> targets;
    std::map<std::string, const PlannedTensor*> planned;
    for (const auto& tensor : plan.tensors) {
        planned[tensor.source->name] = &tensor;
        if (tensor.calibrated) targets[tensor.source->name] = target_of(tensor, *weights.file);
    }
    auto tokens = kept.tokens();
    if (!tokens) {
        tokens = options.calibration.empty()
                     ? sample(checkpoint, options, plan.calibration->tokens,
                              weight_count(plan) > kMostInt8Weights, kept_folder, reporter)
                     : read_calibration_text(options.calibration, text_folder, plan.calibration->tokens);
        kept.keep(*tokens);
    }
    if (kept.layers() > 0)
        reporter.note(
            fmt::format("going on behind the {} layers that are calibrated already",
                        std::min(kept.layers(), plan.config.layer_count())));  // then there is the head
    const CalibrationSource source{plan.config, weights.tensors, targets,
                                   [&](const std::string& name, float* out) {
                                       const auto& tensor = *planned.at(name);
                                       read_planned(tensor, 0, tensor.rows, out);
                                   },
                                   [&](const std::string& name, int64_t begin, int64_t end, float* out) {
                                       read_planned(*planned.at(name), begin, end, out);
                                   }};
    const auto report = calibrate(source, *tokens, plan.calibration->effort, kept, reporter);
    weights.file->sync();
    return to_json(report, options);
}

}  // namespace ovenbird
