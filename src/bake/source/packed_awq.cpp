#include "bake/source/packed_columns.hpp"
#include "bake/source/packed_methods.hpp"
#include "bake/source/printable.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kPerWord = 8;  // codes of 4 bits
// Where in a word the eight outputs lie: packed in the order 0 2 4 6 1 3 5 7.
constexpr std::array<uint8_t, 16> kShifts{0, 16, 4, 20, 8, 24, 12, 28};

// The words of today's configuration, and of AutoAWQ's own file.
int64_t number(const JsonObject& settings, const char* name, const char* old_name, int64_t fallback) {
    return settings.integer_or(settings.has(name) ? name : old_name, fallback);
}

void check_variant(const ModuleParts& module, const StoredPart& codes, const JsonObject& settings) {
    std::string version = settings.text_or("version", "gemm");
    if (version == "GEMM") version = "gemm";
    if (version != "gemm") module.refuse(codes, "the layout '{}' (only gemm is known)", printable(version));
    const int64_t bits = number(settings, "bits", "w_bit", 4);
    if (bits != 4) module.refuse(codes, "codes of {} bits", bits);
}

}  // namespace

UnpackedMatrix unpack_awq(const ModuleParts& module, const JsonObject& settings) {
    const auto& codes = module.need_matrix(".qweight", {"I32"});
    check_variant(module, codes, settings);
    PackedColumns parts;
    parts.type_name = "awq4";
    parts.columns = codes.shape[0];
    parts.rows = codes.shape[1] * kPerWord;
    parts.words_along_columns = false;
    parts.codes = codes.bytes;
    parts.shifts = kShifts;
    parts.group_size = number(settings, "group_size", "q_group_size", 128);
    if (parts.group_size == -1) parts.group_size = parts.columns;
    const auto& scales = module.need_matrix(".scales", {"F16", "BF16", "F32"});
    if (parts.group_size <= 0 || parts.columns % parts.group_size != 0) {
        module.wrong(codes, "has {} inputs, which are not whole groups of {} (group_size)", parts.columns,
                     parts.group_size);
    }
    parts.groups = parts.columns / parts.group_size;
    module.expect_shape(scales, parts.groups, parts.rows);
    parts.scales = &scales;
    if (settings.boolean_or("zero_point", true) || module.find(".qzeros") != nullptr) {
        const auto& zeros = module.need_matrix(".qzeros", {"I32"});
        module.expect_shape(zeros, parts.groups, codes.shape[1]);
        parts.zero_points = &zeros;
    }
    return {make_packed_columns(parts), parts.rows, parts.columns, &codes};
}

}  // namespace ovenbird
