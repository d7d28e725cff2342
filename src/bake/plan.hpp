#pragma once
// Every decision of a bake, made before any weight is written: which tensor goes where, in which form.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bake/exact/exact_changes.hpp"
#include "bake/gptq/gptq.hpp"
#include "bake/graph/inventory.hpp"
#include "bake/graph/stored_tensor.hpp"
#include "bake/options.hpp"
#include "bake/plan_forms.hpp"
#include "bake/source/checkpoint.hpp"
#include "base/report.hpp"
#include "model/baked_folder.hpp"
#include "model/config.hpp"
#include "model/embedding.hpp"

namespace ovenbird {

struct PlannedTensor {
    const SourceTensor* source = nullptr;
    TensorRole role = TensorRole::linear;
    Store store = Store::f32;
    QuantFormat format;  // for Store::quantized
    int64_t rows = 1;
    int64_t columns = 0;
    TensorChange change;      // of the source's values, before they are stored
    bool calibrated = false;  // its codes are chosen by what its inputs are
    ByteRange weights;
    ByteRange scales;
    ByteRange zero_points;

    uint64_t stored_bytes() const { return weights.bytes + scales.bytes + zero_points.bytes; }
};

inline bool is_int4(const PlannedTensor& tensor) {
    return tensor.store == Store::quantized && tensor.format.bits == 4;
}

/// How the calibrated tensors are found.
struct CalibrationPlan {
    int64_t tokens = 0;
    GptqEffort effort;
    double seconds = 0;         // estimated, on this machine
    uint64_t memory_bytes = 0;  // anonymous
    uint64_t disk_bytes = 0;    // while it works
};

/// What is baked of an embedder.
struct EmbedderPlan {
    EmbedderBody body;
    EmbedderModules modules;
};

struct BakePlan {
    ModelConfig config;
    std::optional<EmbedderPlan> embedder;  // then config is that of its body
    std::vector<PlannedTensor> tensors;    // of a checkpoint; an IR's weights are kept as they are
    std::vector<std::shared_ptr<const SourceTensor>> renamed;  // sources that stand in for another name
    std::shared_ptr<const ExactChanges> exact;                 // null: none
    std::optional<CalibrationPlan> calibration;                // nothing: each matrix is rounded by itself
    FormsPlan forms;
    size_t int4_constants = 0;          // that every form must have
    std::vector<std::string> notes;     // decisions a user should hear of
    std::vector<std::string> warnings;  // things a user probably did not want
    uint64_t source_bytes = 0;          // of the tensors that are used
    uint64_t tensor_bytes = 0;          // what the tensors take in the weights file, alignment included
    uint64_t weights_file_bytes = 0;    // the same with the graph's own small constants
    uint64_t decoder_bytes = 0;         // the dynamic decoder's own graph
    uint64_t text_bytes = 0;            // tokenizer, configuration, manifest: room for them
    uint64_t disk_bytes = 0;            // all of that, while the bake works
    uint64_t memory_bytes = 0;          // anonymous memory, estimated
};

/// Decides everything. Reads weights only to rank layers when 0 < ratio < 1, and a tied head that is stored
/// beside its embeddings. Errors: invalid_input when the
/// configuration contradicts the tensors (names the tensor, both shapes), unsupported, usage.
BakePlan make_plan(const Checkpoint& checkpoint, const BakeOptions& options);

/// Rows [begin, end) of a tensor as they are to be stored, f32; all of them where mixes_rows(tensor.change).
void read_planned(const PlannedTensor& tensor, int64_t begin, int64_t end, float* out);

/// Gives every tensor its place in the weights file, and sums up source_bytes and tensor_bytes.
void place_tensors(BakePlan& plan);

/// Fills in the sizes of files and memory once tensors and forms, with their graphs, are planned.
void plan_costs(BakePlan& plan, const BakeOptions& options);

/// "int4 sym, groups of 64", "f16", …
std::string store_name(const PlannedTensor& tensor);

/// The plan as people read it (--plan) and as JSON (--plan --json).
std::string plan_text(const BakePlan& plan);
Json plan_json(const BakePlan& plan);

}  // namespace ovenbird
