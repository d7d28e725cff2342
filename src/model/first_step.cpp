#include "model/first_step.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr size_t kLikeliest = 16;
constexpr size_t kMostIds = 4096;

double log_sum_of(std::span<const float> logits) {
    const double largest = *std::max_element(logits.begin(), logits.end());
    const double sum = std::accumulate(logits.begin(), logits.end(), 0.0, [&](double total, float logit) {
        return total + std::exp(static_cast<double>(logit) - largest);
    });
    return largest + std::log(sum);
}

// A share of the divergence; no probability is so small that one token decides alone.
double lost(double expected, double got) {
    constexpr double kLeast = 1e-9;
    return expected <= 0 ? 0 : expected * std::log(expected / std::max(got, kLeast));
}

}  // namespace

FirstStep first_step(std::span<const int64_t> ids, std::span<const float> logits) {
    std::vector<int64_t> order(logits.size());
    std::iota(order.begin(), order.end(), 0);
    const size_t count = std::min(kLikeliest, order.size());
    const auto logit = [&](int64_t id) { return logits[static_cast<size_t>(id)]; };
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                      [&](int64_t one, int64_t other) { return logit(one) > logit(other); });
    FirstStep step{{ids.begin(), ids.end()}, {}, log_sum_of(logits)};
    for (size_t i = 0; i < count; ++i)
        step.likeliest.emplace_back(order[i], logit(order[i]));
    return step;
}

Json to_json(const FirstStep& step) {
    Json likeliest = Json::array();
    for (const auto& [id, logit] : step.likeliest)
        likeliest.push_back(Json::array({id, logit}));
    return {{"ids", step.ids}, {"likeliest", std::move(likeliest)}, {"log_sum", step.log_sum}};
}

FirstStep first_step_from_json(const Json& json) {
    try {
        FirstStep step;
        step.ids = json.at("ids").get<std::vector<int64_t>>();
        step.likeliest = json.at("likeliest").get<std::vector<std::pair<int64_t, double>>>();
        step.log_sum = json.at("log_sum").get<double>();
        const bool is_whole = !step.ids.empty() && step.ids.size() <= kMostIds && !step.likeliest.empty();
        if (!is_whole)
            fail(ErrorCode::invalid_input, "the first step that was recorded is empty or too long");
        return step;
    } catch (const Json::exception& error) {
        fail(ErrorCode::invalid_input, "the first step that was recorded cannot be read: {}", error.what());
    }
}

double divergence(const FirstStep& step, std::span<const float> logits) {
    constexpr double kInfinite = std::numeric_limits<double>::infinity();
    if (logits.empty() ||
        std::any_of(logits.begin(), logits.end(), [](float logit) { return !std::isfinite(logit); }))
        return kInfinite;
    const double log_sum = log_sum_of(logits);
    double expected_rest = 1;
    double got_rest = 1;
    double sum = 0;
    for (const auto& [id, logit] : step.likeliest) {
        if (id < 0 || static_cast<size_t>(id) >= logits.size()) return kInfinite;
        const double expected = std::exp(logit - step.log_sum);
        const double got = std::exp(static_cast<double>(logits[static_cast<size_t>(id)]) - log_sum);
        expected_rest -= expected;
        got_rest -= got;
        sum += lost(expected, got);
    }
    return sum + lost(expected_rest, got_rest);
}

}  // namespace ovenbird
