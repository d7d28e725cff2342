#pragma once
// Baking: a model's files in, a folder with static INT4 models out. No OpenVINO in the interface.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ovenbird/error.hpp"
#include "ovenbird/report.hpp"

namespace ovenbird {

/// What `ovenbird bake` takes; see there for each option.
struct BakeOptions {
    std::filesystem::path source;  // a folder or a file; where there is no such path, a hub's ORG/NAME
    std::filesystem::path output;
    int bits = 4;       // 4, 8 or 16 (f16, not compressed)
    int head_bits = 8;  // 8, or 4: the output projection is INT4 too, a tied table keeps its 8 for the lookup
    bool symmetric = true;
    int64_t group_size = 128;   // columns that share a scale; -1: per channel
    double ratio = 1.0;         // share of the layers' weights in 4 bits; the most sensitive others take 8
    bool search_scales = true;  // least squared error; else the largest magnitude decides
    /// How the INT4 weights are chosen: "fast" (each matrix by itself), "best" (calibrated: by what the
    /// layers read), or "normal" (calibrated, with less text).
    std::string effort = "fast";
    std::string rotate = "auto";  // the residual stream: "on", "off", or "auto": when calibrating
    std::string calibration;      // a file of text or JSON lines of messages; empty: the model's own, sampled
    int64_t calibration_tokens = 0;  // 0: as `effort` says
    int64_t seed = 0;                // of the sampled text and of the rotation
    int64_t seq_len = 128;           // N of [1, N]
    int64_t context = 1024;          // tokens that the graphs with a cache hold; 0: no such graphs
    std::string form = "both";       // of the static graphs with a cache: "whole", "folded" or "both"
    bool all_logits = false;
    std::string embedding = "device";  // or "host": input inputs_embeds, tokens are looked up outside
    int64_t activations_scale_factor =
        0;  // the residual stream is divided by it, a power of two; 0: as f16 needs
    bool keep_intermediate = false;
    bool force = false;
    std::string forward_check = "one";  // "all", "one" (a graph of each kind) or "off"
    /// What does stage 1: "ovenbird", "optimum-intel" (a Python with that package, see `python`), or "auto":
    /// the first that knows the architecture.
    std::string exporter = "ovenbird";
    std::string python = "python3";
    // For optimum-intel alone: data-aware compression.
    std::string dataset;  // as its --dataset takes it ("wikitext2"); empty: none
    bool awq = false;
    bool scale_estimation = false;
    bool gptq = false;
    std::vector<int> npu_platforms;  // NPU generations to compile for ahead of time
    std::string npu_compiler;        // the command that compiles; empty: see npu_compile_command()
};

struct Baked {
    std::filesystem::path folder;
    std::string manifest;  // the text of its ovenbird.json
};

/// Bakes options.source into options.output, which appears whole or not at all. Blocks, and uses all cores;
/// bakes into different folders may run in several threads. `reporter` is called from the calling thread;
/// what it throws ends the bake and comes out of here, the output folder as it was. Errors: usage, not_found,
/// invalid_input, unsupported, io, no_space, verification.
Baked bake(const BakeOptions& options, Reporter* reporter);

}  // namespace ovenbird
