#include "bake/quantize/kernels.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "bake/quantize/quantize.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

struct Bytes {
    std::vector<uint8_t> weights, scales, zero_points;
    double error;
    bool operator==(const Bytes&) const = default;
};

Bytes compress(const Kernels& kernels, const std::vector<float>& values, int64_t size, bool symmetric,
               int bits) {
    const size_t groups = values.size() / static_cast<size_t>(size);
    Bytes bytes{std::vector<uint8_t>(values.size() * static_cast<size_t>(bits) / 8),
                std::vector<uint8_t>(2 * groups), std::vector<uint8_t>(groups), 0};
    std::vector<float> tile(16 * static_cast<size_t>(size));
    bytes.error =
        kernels
            .compress_groups({values.data(), static_cast<int64_t>(groups), size, bits, symmetric, bits == 4,
                              bytes.weights.data(), bytes.scales.data(), bytes.zero_points.data()},
                             tile.data())
            .squared_error;
    return bytes;
}

TEST(Kernels, EveryInstructionSetGivesTheSameBits) {
    std::mt19937 random(7);
    std::normal_distribution<float> normal(0.001F, 0.02F);
    for (const int64_t size : {2, 30, 64, 576, 1000}) {
        std::vector<float> values(static_cast<size_t>(size) * 53);
        for (auto& value : values)
            value = normal(random);
        std::fill_n(values.begin() + size, size, 0.0F);
        for (const bool symmetric : {true, false}) {
            for (const int bits : {4, 8}) {
                const auto expected = compress(runnable_kernels().front(), values, size, symmetric, bits);
                for (const auto& kernels : runnable_kernels()) {
                    EXPECT_EQ(compress(kernels, values, size, symmetric, bits), expected)
                        << kernels.name << " " << size << " " << symmetric << " " << bits;
                }
            }
        }
    }
}

TEST(FindNonFinite, FindsTheFirstAnywhere) {
    const float bad[] = {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                         -std::numeric_limits<float>::infinity()};
    for (const size_t count : {1U, 16U, 63U, 64U, 65U, 200U}) {
        std::vector<float> values(count, std::numeric_limits<float>::max());
        for (const auto& kernels : runnable_kernels()) {
            EXPECT_EQ(kernels.find_non_finite(values.data(), static_cast<int64_t>(count)), -1);
            for (size_t at = 0; at < count; ++at) {
                auto damaged = values;
                damaged[at] = bad[at % 3];
                damaged[count - 1] = bad[2];
                EXPECT_EQ(kernels.find_non_finite(damaged.data(), static_cast<int64_t>(count)),
                          static_cast<int64_t>(at));
            }
        }
    }
    EXPECT_EQ(find_non_finite({}), -1);
}

/// Every f16 value, the points halfway between two neighbours, and their next floats.
std::vector<std::pair<float, uint16_t>> rounding_cases() {
    std::vector<std::pair<float, uint16_t>> cases;
    const auto value_of = [](int half) {
        const int exponent = half >> 10;
        return exponent == 0 ? std::ldexp(static_cast<float>(half), -24)
                             : std::ldexp(static_cast<float>((half & 1023) + 1024), exponent - 25);
    };
    for (int half = 0; half < 0x7bff; ++half) {
        const float here = value_of(half);
        const float next = value_of(half + 1);
        const float middle = here + (next - here) / 2;
        const auto low = static_cast<uint16_t>(half);
        const auto high = static_cast<uint16_t>(half + 1);
        cases.emplace_back(here, low);
        cases.emplace_back(middle, half % 2 == 0 ? low : high);
        cases.emplace_back(std::nextafter(middle, 0.0F), low);
        cases.emplace_back(std::nextafter(middle, next), high);
        cases.emplace_back(-next, static_cast<uint16_t>(high | 0x8000));
    }
    cases.emplace_back(-0.0F, uint16_t{0x8000});
    return cases;
}

TEST(ToF16, RoundsToNearestEven) {
    const auto cases = rounding_cases();
    std::vector<float> values;
    for (const auto& [value, half] : cases)
        values.push_back(value);
    std::vector<uint8_t> bytes(2 * values.size());
    for (const auto& kernels : runnable_kernels()) {
        ASSERT_TRUE(kernels.to_f16(values.data(), static_cast<int64_t>(values.size()), bytes.data()));
        for (size_t i = 0; i < cases.size(); ++i) {
            uint16_t half = 0;
            std::memcpy(&half, bytes.data() + 2 * i, sizeof half);
            ASSERT_EQ(half, cases[i].second) << kernels.name << " " << cases[i].first;
        }
    }
}

TEST(ToF16, RefusesWhatF16CannotHold) {
    std::vector<std::byte> out(2 * 33);
    for (const float bad : {65505.0F, -65520.0F, 1e30F, std::numeric_limits<float>::quiet_NaN(),
                            std::numeric_limits<float>::infinity()}) {
        std::vector<float> values(33, 65504.0F);
        EXPECT_NO_THROW(to_f16(values, out.data()));
        values[32] = bad;
        try {
            to_f16(values, out.data());
            ADD_FAILURE() << bad;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::unsupported);
        }
    }
}

}  // namespace
}  // namespace ovenbird
