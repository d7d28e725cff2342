#include "bake/source/packed_columns.hpp"
#include "bake/source/packed_methods.hpp"
#include "bake/source/packed_rows.hpp"
#include "bake/source/printable.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kWordBits = 32;

// The first convention stores a zero point minus one, and takes the one from whole words, borrows and all: so
// it is given back to whole words, as GPTQModel does.
uint32_t zero_point_add(const ModuleParts& module, const StoredPart& codes, const JsonObject& settings,
                        int64_t bits) {
    const char* key = settings.has("checkpoint_format") ? "checkpoint_format" : "format";
    const std::string format = settings.text_or(key, "gptq");
    if (settings.boolean_or("is_marlin_format", false))
        module.refuse(codes, "the layout of Marlin's kernels");
    if (format == "gptq_v2") return 0;
    if (format != "gptq")
        module.refuse(codes, "the layout '{}' (gptq and gptq_v2 are known)", printable(format));
    uint32_t ones = 0;
    for (int64_t bit = 0; bit < kWordBits; bit += bits)
        ones |= 1U << bit;
    return ones;
}

// The tensors say it; the configuration must agree, unless it makes exceptions for some modules.
int64_t bits_of(const ModuleParts& module, const StoredPart& codes, const StoredPart& zeros,
                const JsonObject& settings) {
    const int64_t rows = codes.shape[1];
    const int64_t told = settings.integer_or("bits", 4);
    int64_t bits = 0;
    for (const int64_t candidate : {2, 4, 8})
        if (rows % (kWordBits / candidate) == 0 && zeros.shape[1] == rows / (kWordBits / candidate))
            bits = candidate;
    if (told == 3 && bits == 0) module.refuse(codes, "codes of 3 bits");
    if (bits == 0 || (bits != told && !settings.has("dynamic"))) {
        module.wrong(zeros, "has shape {}, which does not fit {} outputs in codes of {} bits",
                     shape_text(zeros), rows, told);
    }
    return bits;
}

void read_order(PackedColumns& parts, const ModuleParts& module, const StoredPart& scales,
                const JsonObject& settings) {
    if (const StoredPart* order = module.check(".g_idx", {"I32"})) {
        if (parts.groups > parts.columns)
            module.wrong(scales, "has {} groups for {} inputs", parts.groups, parts.columns);
        parts.group_of = read_groups(module, *order, parts.columns, parts.groups);
        return;
    }
    parts.group_size = settings.integer_or("group_size", 128);
    if (parts.group_size == -1) parts.group_size = parts.columns;
    if (parts.group_size > 0 && ceil_div(parts.columns, parts.group_size) == parts.groups) return;
    module.wrong(scales, "has {} groups, but {} inputs in groups of {} (group_size) and no g_idx",
                 parts.groups, parts.columns, parts.group_size);
}

}  // namespace

UnpackedMatrix unpack_gptq(const ModuleParts& module, const JsonObject& settings) {
    const auto& codes = module.need_matrix(".qweight", {"I32"});
    const auto& zeros = module.need_matrix(".qzeros", {"I32"});
    const auto& scales = module.need_matrix(".scales", {"F16", "BF16", "F32"});
    const int64_t bits = bits_of(module, codes, zeros, settings);
    PackedColumns parts;
    parts.bits = static_cast<int>(bits);
    parts.type_name = fmt::format("gptq{}", bits);
    parts.zero_point_add = zero_point_add(module, codes, settings, bits);
    parts.rows = codes.shape[1];
    parts.columns = codes.shape[0] * (kWordBits / bits);
    parts.groups = scales.shape[0];
    parts.codes = codes.bytes;
    for (int64_t i = 0; i < kWordBits / bits; ++i)
        parts.shifts[static_cast<size_t>(i)] = static_cast<uint8_t>(i * bits);
    module.expect_shape(scales, parts.groups, parts.rows);
    module.expect_shape(zeros, parts.groups, parts.rows / (kWordBits / bits));
    parts.scales = &scales;
    parts.zero_points = &zeros;
    read_order(parts, module, scales, settings);
    return {make_packed_columns(parts), parts.rows, parts.columns, &codes};
}

}  // namespace ovenbird
