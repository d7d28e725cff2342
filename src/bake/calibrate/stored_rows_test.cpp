#include "bake/calibrate/stored_rows.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "bake/gptq/loops.hpp"
#include "bake/gptq/test_inputs.hpp"

namespace ovenbird {
namespace {

// 96 columns in groups of 32: three a row, so that zero points of two rows share a byte.
constexpr QuantFormat kFormats[] = {{4, true, 0},   {4, true, 32},  {4, true, 48}, {4, false, 0},
                                    {4, false, 32}, {4, false, 48}, {8, true, 0},  {8, true, 32},
                                    {8, false, 0},  {8, false, 32}};
constexpr int64_t kColumns = 96;

StoredTensor view(const CompressedRows& rows) {
    StoredTensor tensor;
    tensor.store = Store::quantized;
    tensor.format = rows.format;
    tensor.rows = rows.rows;
    tensor.columns = rows.columns;
    tensor.weights = rows.weights.data();
    tensor.scales = rows.scales.data();
    if (!rows.zero_points.empty()) tensor.zero_points = rows.zero_points.data();
    return tensor;
}

std::vector<float> load(const StoredTensor& tensor, int64_t begin, int64_t end) {
    std::vector<float> values(static_cast<size_t>((end - begin) * tensor.columns));
    load_rows(tensor, begin, end, values.data());
    return values;
}

// Every code that the format has, and both ends of what a zero point may be.
GptqRows random_rows(const QuantFormat& format, int64_t rows, std::mt19937& random) {
    const int levels = format.bits == 4 ? 16 : 256;
    const auto group = static_cast<size_t>(format.group_size == 0 ? kColumns : format.group_size);
    const auto any = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
    GptqRows made;
    for (size_t i = 0; i < static_cast<size_t>(rows * kColumns); ++i) {
        if (i % group == 0) {
            const int lowest = format.symmetric ? -levels / 2 : std::clamp(any(-levels, 1), 1 - levels, 0);
            made.lowest.push_back(static_cast<int16_t>(lowest));
            made.scales.push_back(storable_scale(0.001F * static_cast<float>(any(-900, 900))));
        }
        const int lowest = made.lowest.back();
        made.codes.push_back(static_cast<int16_t>(any(lowest, lowest + levels - 1)));
    }
    return made;
}

TEST(StoredRows, ComeBackAsCodesTimesScales) {
    std::mt19937 random(1);
    for (const auto& format : kFormats) {
        SCOPED_TRACE(testing::Message()
                     << format.bits << " " << format.symmetric << " " << format.group_size);
        const int64_t rows = 128 + 5;
        CompressedRows stored(format, rows, kColumns);
        std::vector<float> wanted;
        for (const int64_t begin : {128, 0}) {  // as threads may
            const auto some = random_rows(format, begin == 0 ? 128 : rows - 128, random);
            store_rows(format, some, begin, kColumns, stored.target());
            const size_t group = some.codes.size() / some.scales.size();
            std::vector<float> own;
            own.reserve(some.codes.size());
            for (size_t i = 0; i < some.codes.size(); ++i)
                own.push_back(static_cast<float>(some.codes[i]) * some.scales[i / group]);
            wanted.insert(wanted.begin(), own.begin(), own.end());
        }
        EXPECT_EQ(load(view(stored), 0, rows), wanted);
        EXPECT_EQ(stored.values(), wanted);
        const auto piece = load(view(stored), 3, 7);
        EXPECT_TRUE(std::equal(piece.begin(), piece.end(), wanted.begin() + 3 * kColumns));
    }
}

TEST(StoredRows, ReadsWhatQuantizeWrites) {
    for (const auto& format : kFormats) {
        SCOPED_TRACE(testing::Message()
                     << format.bits << " " << format.symmetric << " " << format.group_size);
        const int64_t rows = 7;
        auto values = random_matrix(rows, kColumns, 2, 4);
        std::fill_n(values.begin(), kColumns, 0.0F);
        for (int64_t i = 0; i < kColumns; ++i)  // a zero point at each end of its range
            for (const int64_t row : {2, 3}) {
                float& value = values[place(row, kColumns, i)];
                value = row == 2 ? std::abs(value) : -std::abs(value);
            }
        CompressedRows stored(format, rows, kColumns);
        const double error =
            quantize_rows(format, ScaleChoice::search, values.data(), 0, rows, kColumns, stored.target());
        const auto loaded = load(view(stored), 0, rows);
        EXPECT_EQ(loaded, stored.values());
        double squared = 0;
        for (size_t i = 0; i < values.size(); ++i)
            squared += std::pow(static_cast<double>(values[i]) - static_cast<double>(loaded[i]), 2);
        EXPECT_NEAR(squared, error, 1e-4 * error);
    }
}

TEST(StoredRows, ReadsFloatsToo) {
    const auto values = random_matrix(5, 6, 3);
    StoredTensor tensor;
    tensor.rows = 5;
    tensor.columns = 6;
    tensor.weights = reinterpret_cast<const std::byte*>(values.data());
    EXPECT_EQ(load(tensor, 2, 4), std::vector<float>(values.begin() + 12, values.begin() + 24));
    std::vector<std::byte> halves(2 * values.size());
    to_f16(values, halves.data());
    tensor.store = Store::f16;
    tensor.weights = halves.data();
    const auto loaded = load(tensor, 2, 4);
    for (size_t i = 0; i < loaded.size(); ++i)
        EXPECT_EQ(loaded[i], CompressedRows::half(halves, 12 + i));
}

}  // namespace
}  // namespace ovenbird
