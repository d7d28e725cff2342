#pragma once
// The folded form in ovenbird.json: one graph for each distinct layer, with the weights as inputs, and which
// bytes of openvino_model.bin are which input of which layer.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "model/baked_folder.hpp"
#include "model/step.hpp"

namespace ovenbird {

/// By the graphs' input names (weights.0, weights.1, …).
using WeightRanges = std::map<std::string, ByteRange>;

/// The graphs of one step ("prefill_1024").
struct FoldedStep : Step {
    std::string before;               // from attention_mask and position_ids to shared.*
    std::vector<std::string> layers;  // one graph for each kind of layer
    std::string head;                 // from hidden to logits
};

struct FoldedLayer {
    size_t kind = 0;                  // index of FoldedStep::layers
    std::vector<std::string> shared;  // outputs of the graph before, for shared.0, shared.1, …
    std::vector<std::string> caches;  // "0.key", "0.value": what past.0, past.1, … hold
    WeightRanges weights;
};

struct FoldedForm {
    std::vector<FoldedStep> steps;
    std::vector<FoldedLayer> layers;
    WeightRanges head_weights;
};

Json to_json(const FoldedForm& form);

/// Errors: invalid_input, also for files outside the folder and kinds that no step has.
FoldedForm read_folded(const JsonObject& object);

/// `name` when it is a plain relative name below a folder: nothing else is opened because a manifest says so.
/// Errors: invalid_input.
std::string inner_name(const std::string& name, const std::string& origin);

}  // namespace ovenbird
