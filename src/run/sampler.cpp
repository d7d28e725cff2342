#include "run/sampler.hpp"

#include <cmath>

#include "base/error.hpp"

namespace ovenbird {

int64_t argmax(std::span<const float> logits) {
    if (logits.empty()) fail(ErrorCode::internal, "there are no logits to choose from");
    size_t best = 0;
    for (size_t i = 0; i < logits.size(); ++i) {
        if (std::isnan(logits[i])) {
            fail(ErrorCode::verification,
                 "the device computed NaN for token {}; try another --device, or --ov-config "
                 "INFERENCE_PRECISION_HINT=f32",
                 i);
        }
        if (logits[i] > logits[best]) best = i;
    }
    return static_cast<int64_t>(best);
}

}  // namespace ovenbird
