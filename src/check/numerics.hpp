#pragma once
// f16 as an NPU computes it, tried on the CPU: where a model overflows it, and where it drifts.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <openvino/core/model.hpp>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace ovenbird {

/// What f16 does to one node's value.
struct NodeNumerics {
    std::string node;    // "Add 'name'"
    double largest = 0;  // magnitude in f32
    double drift = 0;    // relative RMS distance of the f16 run's value from the f32 run's
    bool overflows = false;
};

struct NumericsReport {
    std::vector<NodeNumerics> nodes;  // in the order in which they are computed
    size_t prompts = 0;
    size_t same_token = 0;    // prompts whose next token, greedily, is the same in f16
    double logits_drift = 0;  // relative RMS distance, at worst

    /// Null when there is none.
    const NodeNumerics* first_overflow() const;
    const NodeNumerics* first_drift() const;
    const NodeNumerics* largest() const;
};

/// A drift that counts: f16 itself rounds by 0.0005, and tens of layers of that stay below.
inline constexpr double kLargestDrift = 0.05;
inline constexpr double kLargestHalf = 65504.0;

/// N of a static model's [1, N]. Errors: unsupported (no such input, or a dynamic one).
size_t window_tokens(const ov::Model& model);

/// Runs every prompt (each at most as long as the window) twice, in f32 and with the result of every
/// operation rounded to f16. An RMS norm is one operation with sums in f32, which is what Intel's compiler
/// makes of it; products are summed in f32 as well. Errors: unsupported (a dynamic model), device.
NumericsReport check_numerics(const std::shared_ptr<const ov::Model>& model,
                              const std::filesystem::path& model_xml,
                              const std::vector<std::vector<int64_t>>& prompts);

Json to_json(const NumericsReport& report);

}  // namespace ovenbird
