#pragma once
// What a bake is asked to do: one plain struct, and the one list that parses, documents and records it.

#include <cstdint>

#include "base/json.hpp"
#include "ovenbird/bake.hpp"

namespace ovenbird {

/// Largest --activations-scale-factor: more would push ordinary values below f16's normal range.
inline constexpr int64_t kLargestScaleFactor = 4096;

/// Calls visit(name, member, help) for every option that has a value; name is the long flag without dashes.
/// --sym/--asym, --npu-platform and source/output are spelt by the command itself.
template <typename Options, typename Visitor>
void visit_bake_options(Options& options, Visitor&& visit) {
    visit(
        "bits", options.bits,
        "Bits of a weight inside the layers: 4, 8, or 16 for f16; only 4 bits take --group-size and --ratio");
    visit("head-bits", options.head_bits,
          "Bits of the head's weights: 8, or 4 as the layers; a table tied to it keeps its 8 for the lookup");
    visit("group-size", options.group_size,
          "Columns that share a scale, or -1 for one scale per output channel");
    visit("ratio", options.ratio, "Share of the layers' weights in 4 bits; the most sensitive rest takes 8");
    visit("search-scales", options.search_scales,
          "Choose scales by least squared error instead of the maximum");
    visit(
        "effort", options.effort,
        "How INT4 weights are chosen: fast (by themselves), best (calibrated: by what each layer reads, from "
        "text), or normal (calibrated with less text, where that takes minutes)");
    visit("rotate", options.rotate,
          "Rotate the residual stream, which makes weights easier to round: on, off, or auto (when "
          "calibrating)");
    visit("calibration", options.calibration,
          "Text to calibrate on, or JSON lines of chat messages; without it, the model's own, sampled");
    visit("calibration-tokens", options.calibration_tokens, "Tokens to calibrate on; 0: as --effort says");
    visit("seed", options.seed, "Of the sampled text and of the rotation");
    visit("seq-len", options.seq_len, "Tokens of the static window, N of [1, N]");
    visit("context", options.context,
          "Tokens of prompt and answer that the graphs with a key/value cache hold; 0: no such graphs");
    visit("form", options.form,
          "Static graphs with a cache: whole (all layers in one graph), folded (one graph that stands for "
          "every "
          "layer, compiled in a fraction of the time), or both");
    visit("all-logits", options.all_logits, "Compute logits for every row instead of the last real one");
    visit("embedding", options.embedding,
          "Where tokens are looked up: on the device, or on the host (saves a tied table's second copy)");
    visit(
        "activations-scale-factor", options.activations_scale_factor,
        "Divide what the layers add up by this power of two, for models that exceed f16 (see ovenbird check "
        "--numerics); the answers stay the same. 0: as the model needs, found by the forward check");
    visit("keep-intermediate", options.keep_intermediate,
          "Keep stage 1's dynamic model in intermediate_dynamic/");
    visit("force", options.force, "Replace an existing output folder (only at the end)");
    visit("forward-check", options.forward_check,
          "Run every form beside the decoder on the CPU and compare: all (the graphs of every context), one "
          "(of the smallest), or off");
    visit(
        "exporter", options.exporter,
        "Who converts and compresses (stage 1): ovenbird, optimum-intel (in a Python that has it), or auto: "
        "optimum-intel where Ovenbird does not know the architecture");
    visit("python", options.python, "The Python that has optimum-intel");
    visit("dataset", options.dataset,
          "Of optimum-intel: the texts for data-aware compression (wikitext2, c4, …)");
    visit("awq", options.awq, "Of optimum-intel: activation-aware weights");
    visit("scale-estimation", options.scale_estimation, "Of optimum-intel: scales by the layers' outputs");
    visit("gptq", options.gptq, "Of optimum-intel: GPTQ");
}

/// Errors: usage, naming the option and what it takes.
void validate(const BakeOptions& options);

/// The options as the manifest records them.
Json to_json(const BakeOptions& options);

}  // namespace ovenbird
