#pragma once
// Text of the model's own, to calibrate on: nothing must be downloaded, and it is what the model will read of
// itself.

#include <cstdint>
#include <memory>
#include <openvino/core/model.hpp>
#include <vector>

#include "bake/calibrate/calibrate.hpp"
#include "base/report.hpp"

namespace ovenbird {

struct SampleRequest {
    int64_t sequences = 128;
    int64_t length = 256;
    int64_t start_id = -1;  // of each sequence; -1: one drawn from the whole vocabulary
    uint64_t seed = 0;
    int64_t values_of_token = 1;                   // in a cache
    int64_t most_cache_values = int64_t{1} << 28;  // of the sequences that are drawn together
};

/// Sequences drawn at temperature 1 from `decoder` (as build_decoder() gives it), many at once. Errors:
/// device, interrupted.
CalibrationTokens sample_tokens(const std::shared_ptr<ov::Model>& decoder, int64_t vocab_size,
                                const SampleRequest& request, Reporter& reporter);

}  // namespace ovenbird
