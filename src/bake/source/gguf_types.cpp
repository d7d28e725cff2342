#include "bake/source/gguf_types.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace ovenbird {
namespace {

struct Row {
    uint32_t number;
    const char* name;
    std::optional<SourceType> type;  // nothing: named only to be refused by name
};

// clang-format off
constexpr Row kRows[] = {
    {0, "F32", SourceType::f32},          {1, "F16", SourceType::f16},          {30, "BF16", SourceType::bf16},
    {2, "Q4_0", SourceType::q4_0},        {3, "Q4_1", SourceType::q4_1},        {6, "Q5_0", SourceType::q5_0},
    {7, "Q5_1", SourceType::q5_1},        {8, "Q8_0", SourceType::q8_0},        {10, "Q2_K", SourceType::q2_k},
    {11, "Q3_K", SourceType::q3_k},       {12, "Q4_K", SourceType::q4_k},       {13, "Q5_K", SourceType::q5_k},
    {14, "Q6_K", SourceType::q6_k},       {19, "IQ1_S", SourceType::iq1_s},     {29, "IQ1_M", SourceType::iq1_m},
    {16, "IQ2_XXS", SourceType::iq2_xxs}, {17, "IQ2_XS", SourceType::iq2_xs},   {22, "IQ2_S", SourceType::iq2_s},
    {18, "IQ3_XXS", SourceType::iq3_xxs}, {21, "IQ3_S", SourceType::iq3_s},     {20, "IQ4_NL", SourceType::iq4_nl},
    {23, "IQ4_XS", SourceType::iq4_xs},   {34, "TQ1_0", SourceType::tq1_0},     {35, "TQ2_0", SourceType::tq2_0},
    {39, "MXFP4", SourceType::mxfp4},     {40, "NVFP4", SourceType::nvfp4},
    // Of activations, or removed from ggml.
    {9, "Q8_1", {}},       {15, "Q8_K", {}},      {24, "I8", {}},        {25, "I16", {}},       {26, "I32", {}},
    {27, "I64", {}},       {28, "F64", {}},       {4, "Q4_2", {}},       {5, "Q4_3", {}},       {31, "Q4_0_4_4", {}},
    {32, "Q4_0_4_8", {}},  {33, "Q4_0_8_8", {}},  {36, "IQ4_NL_4_4", {}}, {37, "IQ4_NL_4_8", {}}, {38, "IQ4_NL_8_8", {}},
    {41, "Q1_0", {}},
};
// clang-format on

const Row* find_row(uint32_t number) {
    const auto* found = std::find_if(std::begin(kRows), std::end(kRows),
                                     [&](const Row& row) { return row.number == number; });
    return found == std::end(kRows) ? nullptr : found;
}

}  // namespace

std::optional<SourceType> gguf_tensor_type(uint32_t number) {
    const Row* row = find_row(number);
    return row != nullptr ? row->type : std::nullopt;
}

std::string gguf_type_name(uint32_t number) {
    const Row* row = find_row(number);
    return row != nullptr ? row->name : fmt::format("number {}", number);
}

std::string readable_gguf_types() {
    std::string names;
    for (const Row& row : kRows) {
        if (row.type) names += (names.empty() ? "" : ", ") + std::string(row.name);
    }
    return names;
}

}  // namespace ovenbird
