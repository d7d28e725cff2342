#pragma once
// INT4 that data chose: layer by layer, each matrix is rounded so that it says what the float model's says,
// of inputs as the layers before give them once they are rounded themselves.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "bake/gptq/gptq.hpp"
#include "bake/graph/stored_tensor.hpp"
#include "base/report.hpp"
#include "model/config.hpp"

namespace ovenbird {

/// Tokens of a sequence.
inline constexpr int64_t kCalibrationLength = 256;
/// Sequences that are judged by.
inline constexpr int64_t kHeldOutSequences = 8;

/// Sequences of equal length, one behind the other.
struct CalibrationTokens {
    int64_t length = 0;  // of a sequence
    std::vector<int64_t> ids{};
    int64_t held_out = 0;  // sequences, the last ones: judged by, not calibrated on
    int64_t sequences() const { return static_cast<int64_t>(ids.size()) / length; }
};

struct CalibrationSource {
    const ModelConfig& config;
    /// Every tensor as it is stored: what is not calibrated holds its values already, the matrices to
    /// calibrate are written by and by.
    const StoredTensors& stored;
    /// The matrices to calibrate, by name: where their codes go.
    const std::map<std::string, QuantTarget>& targets;
    /// The float model's tensor, all of it ([rows, columns], f32).
    std::function<void(const std::string& name, float* out)> read;
    /// Rows [begin, end) of its table of tokens or of its head; on several threads.
    std::function<void(const std::string& name, int64_t begin, int64_t end, float* out)> read_rows;
};

/// What became of one matrix.
struct MatrixReport {
    std::string name;
    double relative_error = 0;  // of its outputs: squared, over those of the float matrix
    double damping = 0;
    bool data_free = false;  // it saw too little
};

/// What the calibrated weights say beside the float model, of text that took no part.
struct HeldOut {
    int64_t tokens = 0;
    double kl = 0;          // KL(float || calibrated), nats a token
    double same_token = 0;  // the share of tokens behind which both find the same one likeliest
};

struct CalibrationReport {
    int64_t tokens = 0;
    std::vector<MatrixReport> matrices;
    HeldOut held_out;
    double seconds = 0;
};

class KeptWork;

/// Calibrates every matrix in `targets`, layer by layer and then the head, each kept in `kept`, where it goes
/// on from. Errors: device, no_space, io, interrupted.
CalibrationReport calibrate(const CalibrationSource& source, const CalibrationTokens& tokens,
                            const GptqEffort& effort, KeptWork& kept, Reporter& reporter);

}  // namespace ovenbird
