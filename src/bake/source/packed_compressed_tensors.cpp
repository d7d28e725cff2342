#include <algorithm>
#include <set>

#include "bake/source/block_reader.hpp"
#include "bake/source/packed_methods.hpp"
#include "bake/source/packed_rows.hpp"
#include "bake/source/printable.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kMostAxis = int64_t{1} << 31;

// What the configuration's groups say of weights. Which group a module belongs to is seen from its tensors:
// targets are regular expressions and class names of Python.
struct Schemes {
    std::set<int64_t> bits;
    std::set<int64_t> group_sizes;
    std::set<std::pair<int64_t, int64_t>> blocks;
    bool any_symmetric = false;  // or not told
};

void read_block(const JsonObject& weights, Schemes& schemes) {
    if (!weights.has("block_structure")) return;
    const Json& block = weights.array("block_structure");
    const auto fits = [](const Json& value) {
        return value.is_number_integer() && value.get<int64_t>() > 0 && value.get<int64_t>() <= kMostAxis;
    };
    if (block.size() == 2 && fits(block[0]) && fits(block[1]))
        schemes.blocks.emplace(block[0].get<int64_t>(), block[1].get<int64_t>());
}

Schemes read_schemes(const JsonObject& settings) {
    Schemes schemes;
    const auto groups = settings.object("config_groups");
    if (!groups) {
        fail(ErrorCode::invalid_input,
             "{}: quantization_config has no config_groups, which say how the weights are compressed; "
             "download config.json again",
             settings.origin());
    }
    for (const auto& [name, value] : groups->json().items()) {
        if (!value.is_object()) {
            // A scheme by its name: W4A16, FP8, … with targets only. The tensors must say the rest.
            schemes.any_symmetric = true;
            continue;
        }
        const auto weights = JsonObject(value, settings.origin()).object("weights");
        if (!weights) continue;
        schemes.bits.insert(weights->integer_or("num_bits", 8));
        if (weights->has("group_size")) schemes.group_sizes.insert(weights->integer("group_size"));
        schemes.any_symmetric = schemes.any_symmetric || weights->boolean_or("symmetric", true);
        read_block(*weights, schemes);
    }
    return schemes;
}

// By the scales' own shape: one for all, one a row, one a group of columns, one a block.
ScaleGrid grid_of(const ModuleParts& module, const PackedRows& parts, const StoredPart& scale,
                  const Schemes& schemes) {
    const int64_t rows = parts.rows;
    const int64_t columns = parts.columns;
    if (element_count(scale) == 1) return {&scale, 1, rows, columns, 1};
    if (scale.shape[0] == rows && element_count(scale) == rows) return {&scale, 1, 1, columns, 1};
    if (scale.shape.size() == 2) {
        const int64_t groups = scale.shape[1];
        for (const auto& [block_rows, block_columns] : schemes.blocks)
            if (scale.shape[0] == ceil_div(rows, block_rows) && groups == ceil_div(columns, block_columns))
                return {&scale, groups, block_rows, block_columns, 1};
        for (const int64_t size : schemes.group_sizes)
            if (size > 0 && scale.shape[0] == rows && groups == ceil_div(columns, size))
                return {&scale, groups, 1, size, 1};
        if (schemes.group_sizes.empty() && scale.shape[0] == rows && columns % groups == 0)
            return {&scale, groups, 1, columns / groups, 1};
    }
    module.wrong(scale,
                 "has shape {}, which does not fit a matrix of {} x {} and the groups ({}) or blocks of the "
                 "configuration",
                 shape_text(scale), rows, columns, fmt::join(schemes.group_sizes, ", "));
}

// weight_shape holds the axes before packing.
void read_shape(const ModuleParts& module, PackedRows& parts) {
    const auto& shape = module.need(".weight_shape", {"I64", "I32"});
    if (element_count(shape) != 2) module.wrong(shape, "has {} numbers, expected 2", element_count(shape));
    const auto axis = [&](size_t i) -> int64_t {
        int64_t value = 0;
        if (shape.type == "I64") {
            std::memcpy(&value, shape.bytes.data() + 8 * i, 8);
        } else {
            value = static_cast<int32_t>(load_u32(shape.bytes.data() + 4 * i));
        }
        if (value <= 0 || value > kMostAxis) module.wrong(shape, "holds the axis {}", value);
        return value;
    };
    parts.rows = axis(0);
    parts.columns = axis(1);
}

CodeKind offset_kind(int64_t bits) {
    return bits == 2 ? CodeKind::offset2 : bits == 4 ? CodeKind::offset4 : CodeKind::offset8;
}

int64_t packed_bits(const ModuleParts& module, const PackedRows& parts, const Schemes& schemes) {
    const StoredPart& codes = *parts.codes;
    std::vector<int64_t> fitting;
    for (const int64_t bits : {2, 4, 8}) {
        const bool told = schemes.bits.empty() || schemes.bits.contains(bits);
        if (told && codes.shape[1] == ceil_div(parts.columns * bits, 32)) fitting.push_back(bits);
    }
    const auto odd = std::find_if(schemes.bits.begin(), schemes.bits.end(),
                                  [](int64_t bits) { return bits != 2 && bits != 4 && bits != 8; });
    if (fitting.empty() && odd != schemes.bits.end()) module.refuse(codes, "codes of {} bits", *odd);
    if (codes.shape[0] != parts.rows || fitting.size() != 1) {
        module.wrong(codes, "has shape {}, which does not fit weight_shape [{}, {}] in codes of {} bits",
                     shape_text(codes), parts.rows, parts.columns, fmt::join(schemes.bits, " or "));
    }
    return fitting[0];
}

ZeroPoints zero_points_of(const ModuleParts& module, const PackedRows& parts, const Schemes& schemes,
                          int bits) {
    const StoredPart* points = module.check(".weight_zero_point", {"I8", "I32", "F8_E4M3"});
    if (points == nullptr && !schemes.any_symmetric && !schemes.bits.empty())
        points = &module.need(".weight_zero_point", {"I8", "I32"});
    if (points == nullptr || points->type == "F8_E4M3") return {};  // of floats: zeros that nobody reads
    const int64_t scales = element_count(*parts.grid.scales);
    if (points->type == "I8") {
        if (element_count(*points) != 1 && element_count(*points) != scales)
            module.wrong(*points, "has shape {}, expected one for each of {} scales", shape_text(*points),
                         scales);
        return {points, 0};
    }
    if (bits == 0 || parts.grid.rows_each != 1)
        module.wrong(*points, "is packed (type I32), but the weights or their scales are not");
    module.expect_shape(*points, ceil_div(parts.rows * bits, 32), parts.grid.columns);
    return {points, bits};
}

void read_order(const ModuleParts& module, PackedRows& parts) {
    const StoredPart* order = module.check(".weight_g_idx", {"I32"});
    if (order == nullptr) return;
    // -1 is the value that it starts with: not set.
    for (size_t at = 0; at + 4 <= order->bytes.size(); at += 4)
        if (load_u32(order->bytes.data() + at) == 0xFFFFFFFFU) return;
    parts.group_of = read_groups(module, *order, parts.columns, parts.grid.columns);
}

UnpackedMatrix finish(const PackedRows& parts) {
    return {make_packed_rows(parts), parts.rows, parts.columns, parts.codes};
}

UnpackedMatrix unpack_words(const ModuleParts& module, const Schemes& schemes) {
    PackedRows parts;
    parts.codes = &module.need_matrix(".weight_packed", {"I32"});
    read_shape(module, parts);
    const int64_t bits = packed_bits(module, parts, schemes);
    parts.kind = offset_kind(bits);
    parts.type_name = fmt::format("ct-int{}", bits);
    const auto& scale = module.need(".weight_scale", {"F32", "F16", "BF16"});
    parts.grid = grid_of(module, parts, scale, schemes);
    parts.zero_points = zero_points_of(module, parts, schemes, static_cast<int>(bits));
    read_order(module, parts);
    return finish(parts);
}

// Two codes of e2m1 a byte; a scale for 16 columns in e4m3 over one of all (nvfp4), or for 32 in e8m0
// (mxfp4).
UnpackedMatrix unpack_small_floats(const ModuleParts& module) {
    PackedRows parts;
    parts.codes = &module.need_matrix(".weight_packed", {"U8"});
    parts.kind = CodeKind::e2m1;
    parts.rows = parts.codes->shape[0];
    parts.columns = 2 * parts.codes->shape[1];
    const auto& scale = module.need_matrix(".weight_scale", {"F8_E4M3", "U8", "F8_E8M0"});
    const bool nvfp4 = scale.type == "F8_E4M3";
    const int64_t group = nvfp4 ? 16 : 32;
    parts.type_name = nvfp4 ? "nvfp4" : "mxfp4";
    module.expect_shape(scale, parts.rows, ceil_div(parts.columns, group));
    parts.grid = {&scale, scale.shape[1], 1, group, 1};
    if (nvfp4) {
        const auto& whole = module.need(".weight_global_scale", {"F32"});
        if (element_count(whole) != 1) module.wrong(whole, "has shape {}, expected one", shape_text(whole));
        parts.grid.divisor = number_at(whole, 0);
        if (parts.grid.divisor == 0) module.wrong(whole, "is 0, and scales are divided by it");
    }
    return finish(parts);
}

UnpackedMatrix unpack_bytes(const ModuleParts& module, const Schemes& schemes) {
    PackedRows parts;
    parts.codes = &module.need_matrix(".weight", {"I8", "F8_E4M3"});
    const bool floats = parts.codes->type != "I8";
    parts.kind = floats ? CodeKind::e4m3 : CodeKind::i8;
    parts.type_name = floats ? "fp8" : "ct-int8";
    parts.rows = parts.codes->shape[0];
    parts.columns = parts.codes->shape[1];
    const auto& scale = module.need(".weight_scale", {"F32", "F16", "BF16", "U8", "F8_E8M0"});
    parts.grid = grid_of(module, parts, scale, schemes);
    parts.zero_points = zero_points_of(module, parts, schemes, 0);
    read_order(module, parts);
    return finish(parts);
}

}  // namespace

UnpackedMatrix unpack_compressed_tensors(const ModuleParts& module, const JsonObject& settings) {
    const StoredPart* packed = module.find(".weight_packed");
    const Schemes schemes = read_schemes(settings);
    if (const auto transform = settings.object("transform_config"); transform && !transform->json().empty()) {
        const auto groups = transform->object("config_groups");
        if (groups && !groups->json().empty())
            module.refuse(
                module.need(packed != nullptr ? ".weight_packed" : ".weight", {"I32", "U8", "I8", "F8_E4M3"}),
                "rotations of its activations (transform_config)");
    }
    if (packed == nullptr) return unpack_bytes(module, schemes);
    return packed->type == "U8" ? unpack_small_floats(module) : unpack_words(module, schemes);
}

}  // namespace ovenbird
