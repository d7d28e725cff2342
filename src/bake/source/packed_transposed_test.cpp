// AWQ and GPTQ: words that lie transposed, against values computed one by one from the formats' definitions.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "bake/source/packed_weight.hpp"
#include "bake/source/test_parts.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kRows = 40;     // two tiles of rows and a half
constexpr int64_t kColumns = 96;  // a tile of columns and a half
constexpr int64_t kGroup = 32;
constexpr int64_t kGroups = kColumns / kGroup;

// Any code, zero point and scale, from their place alone.
uint32_t code_at(int64_t column, int64_t row, int bits) {
    return static_cast<uint32_t>(column * 7 + row * 13 + column * row % 5) & ((1U << bits) - 1);
}
uint32_t zero_at(int64_t group, int64_t row, int bits) {
    return static_cast<uint32_t>(group * 5 + row * 3) & ((1U << bits) - 1);
}
float scale_at(int64_t group, int64_t row) {
    return static_cast<float>(1 + group) * 0.25F + static_cast<float>(row);
}

std::string scales() {
    std::vector<float> values;
    for (int64_t group = 0; group < kGroups; ++group)
        for (int64_t row = 0; row < kRows; ++row)
            values.push_back(scale_at(group, row));
    return raw(values);
}

// Words of [count, kRows / n], n values in the places that `order` names.
template <typename Value>
std::string words_of_rows(int64_t count, int bits, const std::vector<int>& order, uint32_t add, Value value) {
    const int64_t per = 32 / bits;
    std::vector<uint32_t> words;
    for (int64_t i = 0; i < count; ++i) {
        for (int64_t row = 0; row < kRows; row += per) {
            uint32_t word = 0;
            for (int64_t place = 0; place < per; ++place)
                word |= value(i, row + order[static_cast<size_t>(place)], bits) << (bits * place);
            words.push_back(word + add);
        }
    }
    return raw(words);
}

std::vector<int> in_order(int bits) {
    std::vector<int> order;
    for (int i = 0; i < 32 / bits; ++i)
        order.push_back(i);
    return order;
}

std::string shape(int64_t a, int64_t b) {
    return "[" + std::to_string(a) + "," + std::to_string(b) + "]";
}

std::vector<Part> awq_parts() {
    const std::vector<int> order{0, 2, 4, 6, 1, 3, 5, 7};
    return {{"a.qweight", "I32", shape(kColumns, kRows / 8), words_of_rows(kColumns, 4, order, 0, code_at)},
            {"a.qzeros", "I32", shape(kGroups, kRows / 8), words_of_rows(kGroups, 4, order, 0, zero_at)},
            {"a.scales", "F32", shape(kGroups, kRows), scales()}};
}

const char* const kAwq =
    R"({"quant_method":"awq","bits":4,"group_size":32,"zero_point":true,"version":"gemm"})";

std::vector<Part> gptq_parts(int bits, uint32_t add) {
    const int64_t per = 32 / bits;
    std::vector<uint32_t> words;
    for (int64_t column = 0; column < kColumns; column += per) {
        for (int64_t row = 0; row < kRows; ++row) {
            uint32_t word = 0;
            for (int64_t place = 0; place < per; ++place)
                word |= code_at(column + place, row, bits) << (bits * place);
            words.push_back(word);
        }
    }
    std::vector<int32_t> groups;
    for (int64_t column = 0; column < kColumns; ++column)
        groups.push_back(static_cast<int32_t>(column * 5 % kGroups));
    return {{"a.qweight", "I32", shape(kColumns / per, kRows), raw(words)},
            {"a.qzeros", "I32", shape(kGroups, kRows / per),
             words_of_rows(kGroups, bits, in_order(bits), add, zero_at)},
            {"a.scales", "F32", shape(kGroups, kRows), scales()},
            {"a.g_idx", "I32", "[" + std::to_string(kColumns) + "]", raw(groups)}};
}

std::string gptq(int bits, const std::string& more = "") {
    return R"({"quant_method":"gptq","group_size":32,"bits":)" + std::to_string(bits) + more + "}";
}

template <typename GroupOf>
std::vector<float> expected(int bits, GroupOf group_of, int64_t begin = 0, int64_t end = kRows) {
    std::vector<float> values;
    for (int64_t row = begin; row < end; ++row) {
        for (int64_t column = 0; column < kColumns; ++column) {
            const int64_t group = group_of(column);
            values.push_back((static_cast<float>(code_at(column, row, bits)) -
                              static_cast<float>(zero_at(group, row, bits))) *
                             scale_at(group, row));
        }
    }
    return values;
}

int64_t scattered(int64_t column) {
    return column * 5 % kGroups;
}
int64_t sequential(int64_t column) {
    return column / kGroup;
}

TEST(Awq, EveryBandOfRows) {
    const auto checkpoint = PartsFolder(kAwq, awq_parts()).open();
    const auto& tensor = checkpoint->tensors().at("a.weight");
    EXPECT_EQ(tensor.shape, (std::vector<int64_t>{kRows, kColumns}));
    EXPECT_EQ(stored_type_name(tensor), "awq4");
    EXPECT_FALSE(tensor.packed->rows_in_order());
    for (int64_t begin = 0; begin <= kRows; begin += 3)
        for (int64_t end = begin; end <= kRows; ++end)
            ASSERT_EQ(some_values(*checkpoint, "a.weight", begin, end), expected(4, sequential, begin, end))
                << begin << " to " << end;
    EXPECT_EQ(checkpoint->tensors().size(), 1U);
    EXPECT_TRUE(checkpoint->unusable().empty());
}

TEST(Awq, WithoutZeroPointsTheMiddleIsZero) {
    auto parts = awq_parts();
    parts.erase(parts.begin() + 1);
    PartsFolder(kAwq, parts).expect_refused(ErrorCode::invalid_input, {"a.qzeros is missing"});
    const PartsFolder folder(R"({"quant_method":"awq","bits":4,"group_size":32,"zero_point":false})", parts);
    const auto values = all_values(*folder.open(), "a.weight");
    EXPECT_EQ(values[1], (static_cast<float>(code_at(1, 0, 4)) - 8) * scale_at(0, 0));
}

TEST(Awq, WhatIsNotRead) {
    PartsFolder(R"({"quant_method":"awq","version":"gemv"})", awq_parts())
        .expect_refused(ErrorCode::unsupported, {"method awq", "a.qweight", "'gemv'"});
    PartsFolder(R"({"quant_method":"awq","bits":8})", awq_parts())
        .expect_refused(ErrorCode::unsupported, {"method awq", "a.qweight", "8 bits"});
    for (const char* size : {"0", "-2", "40", "9223372036854775807"}) {
        PartsFolder(std::string(R"({"quant_method":"awq","group_size":)") + size + "}", awq_parts())
            .expect_refused(ErrorCode::invalid_input, {"a.qweight", "96 inputs", "group_size"});
    }
    PartsFolder(R"({"quant_method":"awq","group_size":48})", awq_parts())
        .expect_refused(ErrorCode::invalid_input, {"a.scales", "[3, 40]", "[2, 40]"});
}

TEST(Gptq, EveryBitsAndBothConventions) {
    for (const int bits : {4, 8}) {
        uint32_t ones = 0;
        for (int bit = 0; bit < 32; bit += bits)
            ones |= 1U << bit;
        const auto first = PartsFolder(gptq(bits), gptq_parts(bits, 0U - ones)).open();
        EXPECT_EQ(all_values(*first, "a.weight"), expected(bits, scattered)) << bits;
        const auto second =
            PartsFolder(gptq(bits, R"(,"checkpoint_format":"gptq_v2")"), gptq_parts(bits, 0)).open();
        EXPECT_EQ(some_values(*second, "a.weight", 5, 21), expected(bits, scattered, 5, 21)) << bits;
        EXPECT_EQ(stored_type_name(second->tensors().at("a.weight")), "gptq" + std::to_string(bits));
    }
}

TEST(Gptq, WithoutAnOrderGroupsAreInSequence) {
    auto parts = gptq_parts(4, 0);
    parts.pop_back();
    const auto checkpoint = PartsFolder(gptq(4, R"(,"checkpoint_format":"gptq_v2")"), parts).open();
    EXPECT_EQ(all_values(*checkpoint, "a.weight"), expected(4, sequential));
    PartsFolder(R"({"quant_method":"gptq","bits":4,"group_size":64})", parts)
        .expect_refused(ErrorCode::invalid_input, {"a.scales", "3 groups", "96 inputs in groups of 64"});
}

TEST(Gptq, OrdersThatLeadOutside) {
    for (const int32_t wrong : {3, -1, INT32_MIN, INT32_MAX}) {
        auto parts = gptq_parts(4, 0);
        parts[3].data.replace(4 * 95, 4, raw(wrong));
        PartsFolder(gptq(4), parts)
            .expect_refused(ErrorCode::invalid_input,
                            {"a.g_idx", "column 95 into group " + std::to_string(wrong) + " of 3"});
    }
    auto parts = gptq_parts(4, 0);
    parts[3] = {"a.g_idx", "I32", "[2]", raw(std::vector<int32_t>{0, 0})};
    PartsFolder(gptq(4), parts).expect_refused(ErrorCode::invalid_input, {"a.g_idx", "96 columns"});
}

TEST(Gptq, WhatContradictsOrIsNotRead) {
    PartsFolder(gptq(8), gptq_parts(4, 0))
        .expect_refused(ErrorCode::invalid_input, {"a.qzeros", "[3, 5]", "40 outputs in codes of 8 bits"});
    EXPECT_NO_THROW(PartsFolder(gptq(8, R"(,"dynamic":{"a":{"bits":4}})"), gptq_parts(4, 0)).open());
    PartsFolder(gptq(4, R"(,"checkpoint_format":"marlin")"), gptq_parts(4, 0))
        .expect_refused(ErrorCode::unsupported, {"method gptq", "a.qweight", "'marlin'"});
    auto parts = gptq_parts(4, 0);
    parts.push_back({"a.weight", "F32", "[1,1]", "1234"});
    PartsFolder(gptq(4), parts)
        .expect_refused(ErrorCode::invalid_input, {"a has both a.qweight and a weight"});
}

TEST(Gptq, ThreadsReadOneMatrix) {
    const auto checkpoint =
        PartsFolder(gptq(4, R"(,"checkpoint_format":"gptq_v2")"), gptq_parts(4, 0)).open();
    const auto whole = expected(4, scattered);
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < 20; ++round)
                wrong += all_values(*checkpoint, "a.weight") != whole ? 1 : 0;
        });
    }
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace ovenbird
