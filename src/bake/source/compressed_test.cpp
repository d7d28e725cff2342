// Compressed modules in folders made in memory: FP8 and compressed-tensors, and how a folder with them opens.

#include <gtest/gtest.h>

#include <cmath>

#include "bake/source/checkpoint.hpp"
#include "bake/source/packed_rows.hpp"
#include "bake/source/packed_weight.hpp"
#include "bake/source/test_parts.hpp"

namespace ovenbird {
namespace {

const char* const kFp8 = R"({"quant_method":"fp8"})";

std::string ct(const std::string& weights) {
    return R"({"quant_method":"compressed-tensors","config_groups":{"group_0":{"targets":["Linear"],"weights":)" +
           weights + "}}}";
}

TEST(SmallFloats, ValuesOfTheSpecification) {
    const float* e4m3 = code_table(CodeKind::e4m3).values;
    EXPECT_EQ(e4m3[0x01], 0x1p-9F);
    EXPECT_EQ(e4m3[0x07], 0.875F * 0x1p-6F);
    EXPECT_EQ(e4m3[0x08], 0x1p-6F);
    EXPECT_EQ(e4m3[0x38], 1.0F);
    EXPECT_EQ(e4m3[0x7E], 448.0F);
    EXPECT_EQ(e4m3[0xFE], -448.0F);
    EXPECT_TRUE(std::isnan(e4m3[0x7F]) && std::isnan(e4m3[0xFF]));
    EXPECT_TRUE(std::signbit(e4m3[0x80]));
    const float* e5m2 = code_table(CodeKind::e5m2).values;
    EXPECT_EQ(e5m2[0x01], 0x1p-16F);
    EXPECT_EQ(e5m2[0x3C], 1.0F);
    EXPECT_EQ(e5m2[0x7B], 57344.0F);
    EXPECT_TRUE(std::isinf(e5m2[0x7C]) && std::isnan(e5m2[0x7D]));
    EXPECT_EQ(e8m0_value(127), 1.0F);
    EXPECT_EQ(e8m0_value(0), 0x1p-127F);
    EXPECT_TRUE(std::isnan(e8m0_value(255)));
}

TEST(Fp8, AScaleForEachBlock) {
    const PartsFolder folder(R"({"quant_method":"fp8","weight_block_size":[2,3]})",
                             {{"a.weight", "F8_E4M3", "[3,4]", std::string(12, '\x38')},
                              {"a.weight_scale_inv", "F32", "[2,2]", raw(std::vector<float>{1, 2, 3, 4})},
                              {"a.input_scale", "F32", "[]", raw(1.0F)}});
    const auto checkpoint = folder.open();
    EXPECT_EQ(all_values(*checkpoint, "a.weight"), (std::vector<float>{1, 1, 1, 2, 1, 1, 1, 2, 3, 3, 3, 4}));
    EXPECT_EQ(some_values(*checkpoint, "a.weight", 1, 3), (std::vector<float>{1, 1, 1, 2, 3, 3, 3, 4}));
    EXPECT_EQ(checkpoint->tensors().size(), 1U);
    EXPECT_TRUE(checkpoint->unusable().empty());
    EXPECT_EQ(stored_type_name(checkpoint->tensors().at("a.weight")), "fp8");
}

TEST(Fp8, OneScaleOrOneARow) {
    const Part codes{"a.weight", "F8_E5M2", "[2,2]", std::string(4, '\x3C')};
    const PartsFolder one(kFp8, {codes, {"a.weight_scale", "BF16", "[1]", raw(uint16_t{0x4000})}});
    EXPECT_EQ(all_values(*one.open(), "a.weight"), (std::vector<float>{2, 2, 2, 2}));
    const PartsFolder rows(R"({"quant_method":"fbgemm_fp8"})",
                           {codes, {"a.weight_scale", "F32", "[2,1]", raw(std::vector<float>{2, 3})}});
    EXPECT_EQ(all_values(*rows.open(), "a.weight"), (std::vector<float>{2, 2, 3, 3}));
}

TEST(Fp8, ScalesThatDoNotFit) {
    const Part codes{"a.weight", "F8_E4M3", "[3,4]", std::string(12, '\x38')};
    PartsFolder(kFp8, {codes}).expect_refused(ErrorCode::invalid_input, {"a.weight_scale is missing"});
    PartsFolder(kFp8, {codes, {"a.weight_scale_inv", "I32", "[1]", "1234"}})
        .expect_refused(ErrorCode::invalid_input, {"a.weight_scale_inv", "has type I32", "F32"});
    PartsFolder(kFp8, {codes, {"a.weight_scale_inv", "F32", "[0]", ""}})
        .expect_refused(ErrorCode::invalid_input, {"a.weight_scale_inv", "no elements"});
    PartsFolder(R"({"quant_method":"fp8","weight_block_size":[2,2]})",
                {codes, {"a.weight_scale_inv", "F32", "[1,2]", raw(std::vector<float>{1, 2})}})
        .expect_refused(ErrorCode::invalid_input, {"a.weight_scale_inv", "[1, 2]", "block of 2 x 2"});
    PartsFolder(R"({"quant_method":"fp8","weight_block_size":[0,2]})",
                {codes, {"a.weight_scale_inv", "F32", "[1]", raw(1.0F)}})
        .expect_refused(ErrorCode::invalid_input, {"weight_block_size"});
    PartsFolder(kFp8, {{"a.weight", "F8_E4M3", "[12]", std::string(12, '\x38')},
                       {"a.weight_scale", "F32", "[1]", raw(1.0F)}})
        .expect_refused(ErrorCode::invalid_input, {"a.weight", "expected two axes"});
}

// Two rows of ten columns in groups of eight: the last one is short, and a word is half empty.
std::vector<Part> packed_parts() {
    return {
        {"a.weight_packed", "I32", "[2,2]", raw(std::vector<uint32_t>{0x76543210, 0x98, 0xFEDCBA98, 0x10})},
        {"a.weight_scale", "F16", "[2,2]", raw(std::vector<uint16_t>{0x3C00, 0x4000, 0x3C00, 0x3800})},
        {"a.weight_shape", "I64", "[2]", raw(std::vector<int64_t>{2, 10})}};
}

TEST(CompressedTensors, FourBitsInGroups) {
    const PartsFolder folder(ct(R"({"num_bits":4,"group_size":8})"), packed_parts());
    const auto checkpoint = folder.open();
    EXPECT_EQ(all_values(*checkpoint, "a.weight"),
              (std::vector<float>{-8, -7, -6, -5, -4, -3, -2, -1, 0, 2, 0, 1, 2, 3, 4, 5, 6, 7, -4, -3.5F}));
    EXPECT_EQ(checkpoint->tensors().at("a.weight").shape, (std::vector<int64_t>{2, 10}));
    EXPECT_EQ(checkpoint->tensors().size(), 1U);
    EXPECT_TRUE(checkpoint->unusable().empty());
}

TEST(CompressedTensors, ZeroPointsPackedAlongTheRows) {
    auto parts = packed_parts();
    // Rows 0 and 1 of both groups: 9 and 8, 7 and 10.
    parts.push_back({"a.weight_zero_point", "I32", "[1,2]", raw(std::vector<uint32_t>{0x89, 0xA7})});
    const PartsFolder folder(ct(R"({"num_bits":4,"group_size":8,"symmetric":false})"), parts);
    const auto values = all_values(*folder.open(), "a.weight");
    EXPECT_EQ(values[0], -9);
    EXPECT_EQ(values[8], 2);    // (8 - 7) * 2
    EXPECT_EQ(values[10], 0);   // 8 - 8
    EXPECT_EQ(values[18], -5);  // (0 - 10) / 2
}

TEST(CompressedTensors, ColumnsInAnyOrderOfGroups) {
    auto parts = packed_parts();
    parts.push_back(
        {"a.weight_g_idx", "I32", "[10]", raw(std::vector<int32_t>{1, 0, 0, 0, 0, 0, 0, 0, 0, 1})});
    const std::string settings = ct(R"({"num_bits":4,"group_size":8})");
    const auto values = all_values(*PartsFolder(settings, parts).open(), "a.weight");
    EXPECT_EQ(values[0], -16);
    EXPECT_EQ(values[8], 0);
    EXPECT_EQ(values[9], 2);
    parts.back().data = raw(std::vector<int32_t>{2, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    PartsFolder(settings, parts).expect_refused(ErrorCode::invalid_input, {"a.weight_g_idx", "group 2 of 2"});
    parts.back().data = raw(std::vector<int32_t>(10, -1));  // never set: in order
    EXPECT_EQ(all_values(*PartsFolder(settings, parts).open(), "a.weight")[0], -8);
}

TEST(CompressedTensors, Bytes) {
    const PartsFolder folder(ct(R"({"num_bits":8,"symmetric":false,"strategy":"channel"})"),
                             {{"a.weight", "I8", "[2,2]", raw(std::vector<int8_t>{-128, 127, 1, 2})},
                              {"a.weight_scale", "F32", "[2,1]", raw(std::vector<float>{1, 0.5F})},
                              {"a.weight_zero_point", "I8", "[2,1]", raw(std::vector<int8_t>{1, -2})},
                              {"b.weight", "F32", "[2]", raw(std::vector<float>{3, 4})}});
    const auto checkpoint = folder.open();
    EXPECT_EQ(all_values(*checkpoint, "a.weight"), (std::vector<float>{-129, 126, 1.5F, 2}));
    EXPECT_EQ(all_values(*checkpoint, "b.weight"), (std::vector<float>{3, 4}));  // on the ignore list
}

TEST(CompressedTensors, ShapesThatContradict) {
    const std::string settings = ct(R"({"num_bits":4,"group_size":8})");
    const auto expect = [&](size_t part, const Part& other, const std::vector<std::string>& words) {
        auto parts = packed_parts();
        parts[part] = other;
        PartsFolder(settings, parts).expect_refused(ErrorCode::invalid_input, words);
    };
    for (const auto& shape : {std::vector<int64_t>{2, 0}, {-2, 10}, {INT64_MAX, 10}, {2, INT64_MAX}})
        expect(2, {"a.weight_shape", "I64", "[2]", raw(shape)}, {"a.weight_shape", "axis"});
    expect(2, {"a.weight_shape", "I64", "[1]", raw(int64_t{2})}, {"a.weight_shape", "1 numbers"});
    expect(2, {"a.weight_shape", "I64", "[2]", raw(std::vector<int64_t>{3, 10})},
           {"a.weight_packed", "[3, 10]"});
    expect(2, {"a.weight_shape", "I64", "[2]", raw(std::vector<int64_t>{2, 17})},
           {"a.weight_packed", "[2, 17]"});
    expect(1, {"a.weight_scale", "F16", "[2,3]", std::string(12, 'x')}, {"a.weight_scale", "[2, 3]"});
    PartsFolder(ct(R"({"num_bits":3,"group_size":8})"), packed_parts())
        .expect_refused(ErrorCode::unsupported, {"method compressed-tensors", "a.weight_packed", "3 bits"});
    PartsFolder(ct(R"({"num_bits":4,"symmetric":false,"group_size":8})"), packed_parts())
        .expect_refused(ErrorCode::invalid_input, {"a.weight_zero_point is missing"});
    PartsFolder(R"({"quant_method":"compressed-tensors"})", packed_parts())
        .expect_refused(ErrorCode::invalid_input, {"config_groups"});
}

TEST(CompressedTensors, FourBitFloats) {
    const std::string codes(16, '\x72');  // 2 and then 7: 1 and 6
    const PartsFolder nvfp4(ct(R"({"num_bits":4,"type":"float","group_size":16})"),
                            {{"a.weight_packed", "U8", "[1,16]", codes},
                             {"a.weight_scale", "F8_E4M3", "[1,2]", "\x38\x40"},
                             {"a.weight_global_scale", "F32", "[1]", raw(4.0F)}});
    const auto values = all_values(*nvfp4.open(), "a.weight");
    EXPECT_EQ(values[0], 0.25F);
    EXPECT_EQ(values[1], 1.5F);
    EXPECT_EQ(values[31], 3.0F);
    const PartsFolder mxfp4(
        ct(R"({"num_bits":4,"type":"float","group_size":32})"),
        {{"a.weight_packed", "U8", "[1,16]", codes}, {"a.weight_scale", "U8", "[1,1]", "\x80"}});
    EXPECT_EQ(all_values(*mxfp4.open(), "a.weight")[31], 12.0F);
}

TEST(Compressed, OtherMethodsAndTensorsAreLeftToThePlan) {
    const std::vector<Part> parts{{"a.weight", "I8", "[2,2]", "1234"},
                                  {"a.weight_scale", "F32", "[1]", "1234"}};
    const auto checkpoint = PartsFolder(R"({"quant_method":"bitsandbytes"})", parts).open();
    EXPECT_TRUE(checkpoint->unusable().contains("a.weight"));
    EXPECT_TRUE(checkpoint->tensors().contains("a.weight_scale"));
}

TEST(Compressed, FusedMatricesAreTakenApart) {
    const std::string name = "model.layers.0.shared_mlp.input_linear.weight";
    const PartsFolder folder(kFp8,
                             {{name, "F8_E4M3", "[4,2]", "\x38\x38\x40\x40\x48\x48\x50\x50"},
                              {name + "_scale", "F32", "[4,1]", raw(std::vector<float>{1, 1, 1, 3})}},
                             "granitemoehybrid");
    const auto checkpoint = folder.open();
    EXPECT_EQ(all_values(*checkpoint, "model.layers.0.mlp.gate_proj.weight"),
              (std::vector<float>{1, 1, 2, 2}));
    EXPECT_EQ(all_values(*checkpoint, "model.layers.0.mlp.up_proj.weight"),
              (std::vector<float>{4, 4, 24, 24}));
    EXPECT_EQ(some_values(*checkpoint, "model.layers.0.mlp.up_proj.weight", 1, 2),
              (std::vector<float>{24, 24}));
}

}  // namespace
}  // namespace ovenbird
