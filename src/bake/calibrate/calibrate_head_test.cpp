#include "bake/calibrate/calibrate_head.hpp"

#include <gtest/gtest.h>

#include <random>

#include "bake/calibrate/stored_rows.hpp"
#include "bake/graph/inventory.hpp"
#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kHidden = 64;
constexpr int64_t kVocabulary = 300;  // three blocks of rows, the last one not full
constexpr int64_t kRows = 512;
constexpr size_t kTokens = 32;

// A head, and streams of which few directions have most of the energy.
class CalibrateHead : public testing::TestWithParam<QuantFormat> {
protected:
    CalibrateHead() {
        config_.hidden_size = kHidden;
        config_.vocab_size = kVocabulary;
        config_.norm_eps = 1e-6;
        for (float& value : head_)
            value = 0.1F * normal_(random_) * std::abs(normal_(random_));
        for (float& value : norm_)
            value = 1.0F + 0.3F * normal_(random_);
        const auto layout = quant_layout(GetParam(), kVocabulary, kHidden);
        weights_.resize(layout.weight_bytes);
        scales_.resize(layout.scale_bytes);
        zero_points_.resize(layout.zero_point_bytes);
        StoredTensor& tensor = stored_[kHeadName];
        tensor = {kHeadName,       Store::quantized, GetParam(), kVocabulary, kHidden,
                  weights_.data(), scales_.data(),   nullptr,    nullptr};
        if (!zero_points_.empty()) tensor.zero_points = zero_points_.data();
        targets_[kHeadName] = {weights_, scales_, zero_points_};
    }

    // [rows, hidden]; what the quantised model has is a little off.
    void fill(Activations& hidden, Activations& original) {
        std::vector<float> mix(kHidden * kHidden);
        for (int64_t i = 0; i < kHidden; ++i)
            for (int64_t k = 0; k < kHidden; ++k)
                mix[static_cast<size_t>(i * kHidden + k)] = normal_(random_) / static_cast<float>(1 + i);
        for (int64_t row = 0; row < kRows; ++row) {
            std::fill_n(original.row(row), kHidden, 0.0F);
            for (int64_t i = 0; i < kHidden; ++i) {
                const float drawn = normal_(random_);
                for (int64_t k = 0; k < kHidden; ++k)
                    original.row(row)[k] += drawn * mix[static_cast<size_t>(i * kHidden + k)];
            }
            for (int64_t k = 0; k < kHidden; ++k)
                hidden.row(row)[k] = original.row(row)[k] + 0.02F * normal_(random_);
        }
    }

    std::vector<float> normed(const float* x) const {
        double sum = 0;
        for (int64_t i = 0; i < kHidden; ++i)
            sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
        const double scale = 1 / std::sqrt(sum / kHidden + config_.norm_eps);
        std::vector<float> result(norm_);
        for (int64_t i = 0; i < kHidden; ++i)
            result[static_cast<size_t>(i)] *= static_cast<float>(scale) * x[i];
        return result;
    }

    // Squared error of the logits over their squares, of the stored head beside the float one.
    double error(const Activations& hidden, const Activations& original) const {
        std::vector<float> stored(head_.size());
        load_rows(stored_.at(kHeadName), 0, kVocabulary, stored.data());
        double lost = 0;
        double all = 0;
        for (int64_t row = 0; row < kRows; row += 7) {
            const auto x = normed(hidden.row(row));
            const auto wanted = normed(original.row(row));
            for (size_t id = 0; id < kVocabulary; ++id) {
                double is = 0;
                double should = 0;
                for (size_t i = 0; i < kHidden; ++i) {
                    is += static_cast<double>(stored[id * kHidden + i] * x[i]);
                    should += static_cast<double>(head_[id * kHidden + i] * wanted[i]);
                }
                lost += (is - should) * (is - should);
                all += should * should;
            }
        }
        return lost / all;
    }

    CalibrationSource source() {
        return {config_, stored_, targets_,
                [this](const std::string& name, float* out) {
                    EXPECT_EQ(name, kFinalNormName);  // never all of the head
                    std::copy(norm_.begin(), norm_.end(), out);
                },
                [this](const std::string& name, int64_t begin, int64_t end, float* out) {
                    EXPECT_EQ(name, kHeadName);
                    std::copy(head_.begin() + begin * kHidden, head_.begin() + end * kHidden, out);
                }};
    }

    std::mt19937 random_{3};
    std::normal_distribution<float> normal_;
    ModelConfig config_;
    std::vector<float> head_ = std::vector<float>(kVocabulary * kHidden);
    std::vector<float> norm_ = std::vector<float>(kHidden);
    std::vector<std::byte> weights_, scales_, zero_points_;
    StoredTensors stored_;
    std::map<std::string, QuantTarget> targets_;
    TestFolder folder_;
};

TEST_P(CalibrateHead, LosesLessThanRoundingByItself) {
    auto hidden = Activations::create(folder_.path() / "hidden", kRows, kHidden);
    auto original = Activations::create(folder_.path() / "original", kRows, kHidden);
    fill(hidden, original);
    quantize_rows(GetParam(), ScaleChoice::search, head_.data(), 0, kVocabulary, kHidden,
                  targets_.at(kHeadName));
    const double plain = error(hidden, original);
    double share = 0;
    const auto report =
        calibrate_head(source(), {{1.0F}, 1}, {hidden, original, kRows, {2, kTokens}}, [&](double done) {
            EXPECT_GE(done, share);
            share = done;
        });
    EXPECT_EQ(report.name, kHeadName);
    EXPECT_FALSE(report.data_free);
    const double calibrated = error(hidden, original);
    EXPECT_LT(calibrated, 0.5 * plain);
    EXPECT_NEAR(report.relative_error, calibrated, 0.5 * calibrated);
}

TEST_P(CalibrateHead, WithoutInputsItIsRoundedByItself) {
    auto hidden = Activations::create(folder_.path() / "hidden", kRows, kHidden);
    auto original = Activations::create(folder_.path() / "original", kRows, kHidden);
    quantize_rows(GetParam(), ScaleChoice::search, head_.data(), 0, kVocabulary, kHidden,
                  targets_.at(kHeadName));
    const auto plain = weights_;
    std::fill(weights_.begin(), weights_.end(), std::byte{0});
    const auto report =
        calibrate_head(source(), {{1.0F}, 1}, {hidden, original, kRows, {2, kTokens}}, [](double) {});
    EXPECT_TRUE(report.data_free);
    EXPECT_EQ(weights_, plain);
}

TEST_P(CalibrateHead, IsStoppedByItsTick) {
    auto hidden = Activations::create(folder_.path() / "hidden", kRows, kHidden);
    auto original = Activations::create(folder_.path() / "original", kRows, kHidden);
    fill(hidden, original);
    EXPECT_THROW(calibrate_head(source(), {{1.0F}, 1}, {hidden, original, kRows, {2, kTokens}},
                                [](double) { throw std::runtime_error("stopped"); }),
                 std::runtime_error);
}

INSTANTIATE_TEST_SUITE_P(Formats, CalibrateHead,
                         testing::Values(QuantFormat{4, true, 0}, QuantFormat{4, false, 0},
                                         QuantFormat{4, true, 32}, QuantFormat{4, false, 32}));

}  // namespace
}  // namespace ovenbird
