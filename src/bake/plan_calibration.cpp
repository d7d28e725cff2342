#include "bake/plan_calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "bake/calibrate/calibrate.hpp"
#include "bake/gptq/linear_algebra.hpp"
#include "bake/gptq/loops.hpp"
#include "base/error.hpp"
#include "base/parallel.hpp"

namespace ovenbird {
namespace {

// What --effort normal is ready to wait for.
constexpr double kPatience = 15 * 60;
constexpr int64_t kNormalTokens = 32 * kCalibrationLength;
constexpr int64_t kBestTokens = 128 * kCalibrationLength;
// Beyond so many weights a matrix has rows enough to bear less text and fewer tries.
constexpr double kManyWeights = 2e9;

GptqEffort effort_of(const std::string& effort, bool is_large) {
    if (is_large) return {{1.0F}, 0};
    if (effort == "normal") return {{1.0F}, 1};
    return {{1.0F, 0.93F, 0.87F, 1.07F}, 3};
}

// A matrix that is calibrated, and how often its inputs' statistics are made for it alone.
struct Sizes {
    double layer_weights = 0;  // of the largest layer
    double weights = 0;        // of all layers
    double head_weights = 0;
    double head_bytes = 0;  // stored, where it is calibrated
    double row_work = 0;    // rows times squared columns, over all calibrated matrices
    double widest = 0;      // columns
};

Sizes sizes_of(const BakePlan& plan) {
    Sizes sizes;
    for (const auto& tensor : plan.tensors) {
        const auto rows = static_cast<double>(tensor.rows);
        const auto columns = static_cast<double>(tensor.columns);
        if (tensor.role == TensorRole::embedding || tensor.role == TensorRole::head)
            sizes.head_weights = std::max(sizes.head_weights, rows * columns);
        if (tensor.role == TensorRole::head && is_int4(tensor)) {
            sizes.head_bytes = rows * columns / 2;
            sizes.row_work += rows * columns * columns;
        }
        if (tensor.role != TensorRole::linear) continue;
        sizes.weights += rows * columns;
        sizes.row_work += rows * columns * columns;
        sizes.widest = std::max(sizes.widest, columns);
    }
    sizes.layer_weights = sizes.weights / static_cast<double>(plan.config.layer_count());
    return sizes;
}

void reckon(CalibrationPlan& calibration, const BakePlan& plan, const Sizes& sizes) {
    const ModelConfig& config = plan.config;
    const auto tokens = static_cast<double>(calibration.tokens);
    const auto layers = static_cast<double>(config.layer_count());
    const auto square = [](int64_t size) { return static_cast<double>(size) * static_cast<double>(size); };
    const int64_t attended = config.heads * config.head_size;
    const double squares =
        2 * square(config.hidden_size) + square(attended) + square(config.intermediate_size);
    const double cubes = 2 * square(config.hidden_size) * static_cast<double>(config.hidden_size) +
                         square(attended) * static_cast<double>(attended) +
                         square(config.intermediate_size) * static_cast<double>(config.intermediate_size);
    const double forward = 2 * 2 * sizes.weights * tokens;  // both models
    const double statistics = layers * (3 * squares * tokens + cubes);
    const double rounding =
        sizes.row_work * (7 + 1.5 * static_cast<double>(calibration.effort.scale_factors.size()) +
                          4 * calibration.effort.sweeps);
    const double sampling = 2 * (sizes.weights + sizes.head_weights) * tokens;
    // What stands beside the products is little.
    calibration.seconds = (forward + statistics + rounding + sampling) / measured_speed();

    const double solvers = std::min(worker_count(), kMostCallers) * 8.0 * sizes.widest * kGptqRows * 4;
    // What a layer takes is free again when the head's codes are put into the file that keeps them.
    const double most_weights = std::max(3 * 4 * sizes.layer_weights, sizes.head_bytes);
    calibration.memory_bytes =
        (uint64_t{512} << 20) +
        static_cast<uint64_t>(most_weights + 4 * 4 * sizes.widest * sizes.widest + solvers);
    const auto wide =
        static_cast<double>(2 * std::max(attended, config.intermediate_size) + 4 * config.hidden_size);
    calibration.disk_bytes =
        static_cast<uint64_t>(std::max(tokens * 4 * wide, 1.1 * (sizes.weights + sizes.head_weights)) +
                              0.6 * sizes.weights + 1.1 * sizes.head_bytes);
}

// Calibrating runs a layer in parts, whose sequences begin anew each time.
std::optional<CalibrationPlan> refuse_calibration(BakePlan& plan, const BakeOptions& options,
                                                  const char* why) {
    if (options.effort == "best") {
        fail(ErrorCode::unsupported,
             "--effort best: {} has {}, which cannot be calibrated yet; bake it with --effort fast, with "
             "--bits 8 where INT4 loses too much",
             plan.config.model_type, why);
    }
    plan.notes.push_back(fmt::format(
        "INT4 without calibration: {} has {}, which cannot be calibrated yet; --bits 8 loses least",
        plan.config.model_type, why));
    return std::nullopt;
}

}  // namespace

std::string calibration_cost(const CalibrationPlan& calibration) {
    const double gigabytes = static_cast<double>(calibration.memory_bytes) / 1e9;
    const std::string time = calibration.seconds < 90 ? fmt::format("{:.0f} s", calibration.seconds)
                                                      : fmt::format("{:.0f} min", calibration.seconds / 60);
    return fmt::format("{}, {:.1f} GB of memory", time, gigabytes);
}

std::optional<CalibrationPlan> plan_calibration(BakePlan& plan, const BakeOptions& options) {
    const bool has_int4 = std::any_of(plan.tensors.begin(), plan.tensors.end(), is_int4);
    if (!has_int4) return std::nullopt;
    if (const char* why = plan.config.why_not_apart()) return refuse_calibration(plan, options, why);
    const Sizes sizes = sizes_of(plan);
    const bool is_large = sizes.weights > kManyWeights;
    const auto reckoned = [&](const char* effort) {
        CalibrationPlan calibration;
        const bool is_normal = effort == std::string_view("normal");
        calibration.effort = effort_of(effort, is_large);
        calibration.tokens = is_normal || is_large ? kNormalTokens : kBestTokens;
        if (options.calibration_tokens > 0) calibration.tokens = options.calibration_tokens;
        reckon(calibration, plan, sizes);
        return calibration;
    };
    if (options.effort == "fast") {
        plan.notes.push_back(fmt::format(
            "INT4 without calibration, which loses several times as much (docs/quality.md); --effort "
            "normal takes about {}",
            calibration_cost(reckoned("normal"))));
        return std::nullopt;
    }
    CalibrationPlan calibration = reckoned(options.effort.c_str());
    if (options.effort == "normal" && calibration.seconds > kPatience) {
        plan.notes.push_back(
            fmt::format("not calibrated, which would take about {} (--effort best does it); INT4 loses "
                        "several times as much so",
                        calibration_cost(calibration)));
        return std::nullopt;
    }
    plan.notes.push_back(fmt::format("calibrating: about {}", calibration_cost(calibration)));
    return calibration;
}

}  // namespace ovenbird
