#include "bake/source/gguf_types.hpp"

#include <optional>

#include "bake/source/printable.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

struct Row {
    uint32_t number;
    const char* name;
    std::optional<SourceType> type;  // nothing: named only to be refused by name
};

// clang-format off
constexpr Row kRows[] = {
    {0, "F32", SourceType::f32},    {1, "F16", SourceType::f16},    {30, "BF16", SourceType::bf16},
    {2, "Q4_0", SourceType::q4_0},  {3, "Q4_1", SourceType::q4_1},  {6, "Q5_0", SourceType::q5_0},
    {7, "Q5_1", SourceType::q5_1},  {8, "Q8_0", SourceType::q8_0},  {12, "Q4_K", SourceType::q4_k},
    {13, "Q5_K", SourceType::q5_k}, {14, "Q6_K", SourceType::q6_k},
    {9, "Q8_1", {}},     {10, "Q2_K", {}},    {11, "Q3_K", {}},   {15, "Q8_K", {}},   {16, "IQ2_XXS", {}},
    {17, "IQ2_XS", {}},  {18, "IQ3_XXS", {}}, {19, "IQ1_S", {}},  {20, "IQ4_NL", {}}, {21, "IQ3_S", {}},
    {22, "IQ2_S", {}},   {23, "IQ4_XS", {}},  {24, "I8", {}},     {25, "I16", {}},    {26, "I32", {}},
    {27, "I64", {}},     {28, "F64", {}},     {29, "IQ1_M", {}},  {34, "TQ1_0", {}},  {35, "TQ2_0", {}},
    {39, "MXFP4", {}},
};
// clang-format on

}  // namespace

SourceType gguf_tensor_type(uint32_t number, const std::string& tensor, const std::string& origin) {
    std::string known;
    std::string name = fmt::format("number {}", number);
    for (const Row& row : kRows) {
        if (row.number == number && row.type) return *row.type;
        if (row.number == number) name = row.name;
        if (row.type) known += (known.empty() ? "" : ", ") + std::string(row.name);
    }
    fail(ErrorCode::unsupported,
         "{}: tensor {} has type {}; Ovenbird reads {}: take another quantisation of the model", origin,
         printable(tensor), name, known);
}

}  // namespace ovenbird
