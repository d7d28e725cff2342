#pragma once
// The head's rows, rounded for what the last norm gives: each thread holds one block of them, whatever the
// vocabulary.

#include <cstdint>
#include <functional>

#include "bake/calibrate/activations.hpp"
#include "bake/calibrate/calibrate.hpp"
#include "bake/calibrate/layer_runner.hpp"

namespace ovenbird {

/// The residual streams behind the last layer.
struct LastStreams {
    const Activations& hidden;    // of the quantised layers
    const Activations& original;  // of the float ones
    int64_t rows;                 // to calibrate on: the first ones
    Batch batch;                  // divides them
};

/// Writes source.targets' kHeadName, a matrix of its own, not tied. `tick`: called now and then by the
/// calling thread with the share of it that is done; what it throws ends the work. Errors: device,
/// interrupted.
MatrixReport calibrate_head(const CalibrationSource& source, const GptqEffort& effort,
                            const LastStreams& streams, const std::function<void(double share)>& tick);

}  // namespace ovenbird
