#pragma once
// Attention whose scores have a cap, which is written out in every form: cap tanh(q kᵀ) + mask, a softmax,
// and the product with the values.

#include <memory>
#include <openvino/core/model.hpp>
#include <vector>

namespace ovenbird {

struct CappedAttention {
    std::shared_ptr<ov::Node> masked;  // the Add of scores and mask, in this order
    ov::OutputVector heads;            // queries, keys and values, as the products read them
};

/// All of a model, by the tanh before the mask.
std::vector<CappedAttention> capped_attentions(const ov::Model& model);

}  // namespace ovenbird
