#pragma once
// The folded form of a static decoder with a cache: its layers are the same graph with other weights, so one
// graph of a layer, with the weights as inputs, stands for all of them.

#include <memory>
#include <openvino/core/model.hpp>
#include <openvino/op/constant.hpp>
#include <string>
#include <vector>

namespace ovenbird {

/// What a folded graph's input `name` is in one place of the model.
struct WeightUse {
    std::string name;  // "weights.0"
    std::shared_ptr<ov::op::v0::Constant> constant;
};

/// One layer: which graph it runs, and what that graph's inputs are.
struct LayerUse {
    size_t kind = 0;                  // index of FoldedModel::kinds
    std::vector<std::string> shared;  // outputs of `before`, for the inputs shared.0, shared.1, …
    std::vector<std::string> caches;  // "0.key", …: past_key_values.* for the inputs past.0, past.1, …
    std::vector<WeightUse> weights;
};

struct FoldedModel {
    /// From attention_mask and position_ids to what every layer needs of them: outputs shared.0, shared.1, …
    std::shared_ptr<ov::Model> before;
    /// One graph for each distinct layer: hidden, shared.*, past.*, weights.* to next_hidden and present.*.
    std::vector<std::shared_ptr<ov::Model>> kinds;
    /// From hidden (f32 [1, rows, hidden]) and weights.* to logits.
    std::shared_ptr<ov::Model> head;
    std::vector<LayerUse> layers;
    std::vector<WeightUse> head_weights;
};

/// Cuts `model`, which takes inputs_embeds (its tokens are looked up outside) and gives the logits of every
/// row, where nothing but the residual stream passes: one layer goes from attention to attention. Blocks are
/// told apart by their operations, shapes and small constants alone; nothing depends on names of operations.
/// Equal blocks become one graph whose text does not depend on how many there are. The head is made for
/// `head_rows` rows. `model` is not changed. Errors: unsupported, naming what stands in the way.
FoldedModel fold_layers(const std::shared_ptr<ov::Model>& model, int64_t head_rows);

}  // namespace ovenbird
