#include "bake/source/dequantize.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "bake/source/gguf_header.hpp"
#include "bake/source/safetensors.hpp"
#include "bake/source/source_files.hpp"

namespace ovenbird {
namespace {

const std::string kGoldens = OVENBIRD_TESTDATA "/gguf_goldens";

class Goldens : public testing::TestWithParam<const char*> {};

// Written by the reference implementation (testdata/make_gguf_goldens.py); equal to the last bit.
TEST_P(Goldens, EqualTheReference) {
    const std::string blocks = content_of(kGoldens + ".gguf");
    const std::string values = content_of(kGoldens + ".safetensors");
    const GgufHeader header = parse_gguf(bytes_of(blocks), "goldens");
    for (const StoredTensor& tensor : header.tensors) {
        if (tensor.name != GetParam()) continue;
        EXPECT_STREQ(source_type_name(tensor.type), GetParam());
        for (const StoredTensor& entry : parse_safetensors(bytes_of(values), "values")) {
            if (entry.name != tensor.name) continue;
            ASSERT_EQ(entry.shape, tensor.shape);
            std::vector<float> expected((entry.end - entry.begin) / sizeof(float));
            std::memcpy(expected.data(), values.data() + entry.begin, entry.end - entry.begin);
            std::vector<float> actual(expected.size());
            dequantize(tensor.type, bytes_of(blocks).data() + tensor.begin,
                       static_cast<int64_t>(actual.size()), actual.data());
            for (size_t i = 0; i < actual.size(); ++i)
                ASSERT_EQ(std::bit_cast<uint32_t>(actual[i]), std::bit_cast<uint32_t>(expected[i]))
                    << "element " << i;
            return;
        }
    }
    FAIL() << "no golden of that type";
}

INSTANTIATE_TEST_SUITE_P(EveryType, Goldens,
                         testing::Values("f32", "f16", "bf16", "q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "q2_k",
                                         "q3_k", "q4_k", "q5_k", "q6_k", "iq1_s", "iq1_m", "iq2_xxs",
                                         "iq2_xs", "iq2_s", "iq3_xxs", "iq3_s", "iq4_nl", "iq4_xs", "tq1_0",
                                         "tq2_0", "mxfp4", "nvfp4"));

float slow_half(uint32_t half) {
    const int exponent = static_cast<int>(half >> 10 & 31);
    const auto mantissa = static_cast<float>(half & 1023);
    const float sign = (half & 0x8000) != 0 ? -1.0F : 1.0F;
    if (exponent == 31) return mantissa != 0 ? std::nanf("") : sign * std::numeric_limits<float>::infinity();
    if (exponent == 0) return sign * std::ldexp(mantissa, -24);
    return sign * std::ldexp(1024.0F + mantissa, exponent - 25);
}

TEST(Dequantize, EveryHalf) {
    std::vector<uint16_t> halves(65536);
    for (uint32_t i = 0; i < 65536; ++i)
        halves[i] = static_cast<uint16_t>(i);
    std::vector<float> floats(65536);
    dequantize(SourceType::f16, reinterpret_cast<const std::byte*>(halves.data()), 65536, floats.data());
    for (uint32_t i = 0; i < 65536; ++i) {
        const float expected = slow_half(i);
        if (std::isnan(expected)) {
            ASSERT_TRUE(std::isnan(floats[i])) << i;
        } else {
            ASSERT_EQ(floats[i], expected) << i;
            ASSERT_EQ(std::signbit(floats[i]), std::signbit(expected)) << i;
        }
    }
}

TEST(Dequantize, UnalignedBytesAndTails) {
    for (size_t count : {1U, 3U, 15U, 17U, 33U}) {
        std::string bytes = "x";  // one byte off
        for (size_t i = 0; i < count; ++i)
            bytes += raw(static_cast<uint16_t>(0x3F80 + i));  // bf16 1.0 and up
        std::vector<float> floats(count + 1, -7.0F);
        dequantize(SourceType::bf16, bytes_of(bytes).data() + 1, static_cast<int64_t>(count), floats.data());
        for (size_t i = 0; i < count; ++i)
            EXPECT_EQ(floats[i], 1.0F + static_cast<float>(i) / 128.0F);
        EXPECT_EQ(floats[count], -7.0F);  // nothing behind the end
    }
}

TEST(Dequantize, RefusesPartsOfBlocks) {
    float out[32];
    const std::byte in[32] = {};
    expect_error(ErrorCode::internal, {"q4_0"}, [&] { dequantize(SourceType::q4_0, in, 16, out); });
}

}  // namespace
}  // namespace ovenbird
