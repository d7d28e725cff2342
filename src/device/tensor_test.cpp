#include "device/tensor.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

TEST(PartialShape, SaysWhatItTakes) {
    const PartialShape shape{1, -1, Dimension(64, 128)};
    EXPECT_EQ(shape.text(), "[1,?,64..128]");
    EXPECT_TRUE(shape.fits({1, 7, 64}));
    EXPECT_FALSE(shape.fits({1, 7, 129}));
    EXPECT_FALSE(shape.fits({2, 7, 64}));
    EXPECT_FALSE(shape.fits({1, 64}));
    EXPECT_FALSE(shape.is_static());
    EXPECT_TRUE(PartialShape::of_any_rank().fits({3, 3}));
    EXPECT_FALSE(PartialShape::of_any_rank().is_static());
    EXPECT_EQ((PartialShape{2, 3}.to_shape()), (Shape{2, 3}));
    error_of(ErrorCode::internal, [&] { (void)shape.to_shape(); });
    EXPECT_TRUE(PartialShape{}.is_static());  // one value
    EXPECT_EQ(count_of({}), 1U);
}

TEST(Tensor, ShapesWhoseCountOverflowsAreRefused) {
    error_of(ErrorCode::internal, [] { Tensor(ElementType::f32, {SIZE_MAX / 2, 3}); });
    error_of(ErrorCode::internal, [] { Tensor(ElementType::other, {1}); });
}

TEST(Tensor, FourBitsTakeHalfABytes) {
    EXPECT_EQ(Tensor(ElementType::u4, {3}).bytes(), 2U);
    EXPECT_EQ(Tensor(ElementType::f16, {2, 0}).bytes(), 0U);
    EXPECT_TRUE(Tensor(ElementType::f16, {2, 0}));
}

TEST(Half, EveryValueComesBackAndRoundingIsToEven) {
    for (uint32_t bits = 0; bits < 0x10000; ++bits) {
        const float value = half_to_float(bits);
        if (std::isnan(value)) {
            EXPECT_TRUE(std::isnan(half_to_float(float_to_half(value)))) << bits;
        } else {
            EXPECT_EQ(float_to_half(value), bits);
        }
        if (bits + 1 >= 0x7C00 && (bits & 0x7FFF) + 1 >= 0x7C00) continue;
        if ((bits & 0x7FFF) == 0x7FFF) continue;
        // Halfway to the next one: the even one of the two.
        const float next = half_to_float(bits + 1);
        const uint32_t even = (bits & 1) == 0 ? bits : bits + 1;
        EXPECT_EQ(float_to_half(value + (next - value) / 2), even) << bits;
    }
    EXPECT_EQ(float_to_half(65520.0F), 0x7C00);
    EXPECT_EQ(float_to_half(65519.0F), 0x7BFF);
    EXPECT_EQ(float_to_half(-std::numeric_limits<float>::infinity()), 0xFC00);
    EXPECT_EQ(float_to_half(1e-30F), 0);
}

}  // namespace
}  // namespace ovenbird
