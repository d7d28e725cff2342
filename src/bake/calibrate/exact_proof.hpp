#pragma once
// Whether changed weights are the same model: both sets, in f32, over the same tokens.

#include <cstdint>

#include "bake/calibrate/head_runner.hpp"
#include "bake/graph/stored_tensor.hpp"
#include "base/report.hpp"
#include "model/config.hpp"

namespace ovenbird {

struct ExactProof {
    double largest_difference = 0;  // of a logit
    double largest_logit = 0;
};

/// Runs a sequence of random tokens through every layer twice, a layer's weights at a time. `shared`: the
/// rope's factors, where there are any. `mixes`: the changed model has a kHeadMixName. Errors: device,
/// interrupted.
ExactProof compare_exact(const ModelConfig& config, const StoredTensors& shared, const TensorReader& original,
                         const TensorReader& changed, bool mixes, Reporter& reporter);

}  // namespace ovenbird
