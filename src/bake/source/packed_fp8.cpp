#include "bake/source/packed_methods.hpp"
#include "bake/source/packed_rows.hpp"

namespace ovenbird {
namespace {

struct Block {
    int64_t rows = 0;
    int64_t columns = 0;
};

Block block_of(const JsonObject& settings) {
    if (!settings.has("weight_block_size")) return {};
    const Json& size = settings.array("weight_block_size");
    constexpr int64_t kMost = int64_t{1} << 31;
    const auto fits = [&](const Json& value) {
        return value.is_number_integer() && value.get<int64_t>() > 0 && value.get<int64_t>() <= kMost;
    };
    if (size.size() != 2 || !fits(size[0]) || !fits(size[1])) {
        fail(ErrorCode::invalid_input,
             "{}: weight_block_size must be two positive numbers; download config.json again",
             settings.origin());
    }
    return {size[0].get<int64_t>(), size[1].get<int64_t>()};
}

// By the scales' own shape: one for all, one a row, one a block.
ScaleGrid grid_of(const ModuleParts& module, const StoredPart& codes, const StoredPart& scale,
                  const Block& block) {
    const int64_t rows = codes.shape[0];
    const int64_t columns = codes.shape[1];
    if (block.rows > 0 && scale.shape.size() == 2 && scale.shape[0] == ceil_div(rows, block.rows) &&
        scale.shape[1] == ceil_div(columns, block.columns)) {
        return {&scale, scale.shape[1], block.rows, block.columns, 1};
    }
    if (element_count(scale) == 1) return {&scale, 1, rows, columns, 1};
    if (element_count(scale) == rows && scale.shape[0] == rows) return {&scale, 1, 1, columns, 1};
    const std::string blocks = block.rows > 0
                                   ? fmt::format("one for each block of {} x {}", block.rows, block.columns)
                                   : std::string("blocks (weight_block_size is absent)");
    module.wrong(scale,
                 "has shape {}, which is neither one number, nor one for each of {} rows, nor {} of {}",
                 shape_text(scale), rows, blocks, shape_text(codes));
}

}  // namespace

UnpackedMatrix unpack_fp8(const ModuleParts& module, const JsonObject& settings) {
    const auto& codes = module.need_matrix(".weight", {"F8_E4M3", "F8_E5M2"});
    const char* suffix = module.find(".weight_scale_inv") != nullptr ? ".weight_scale_inv" : ".weight_scale";
    const auto& scale = module.need(suffix, {"F32", "BF16", "F16", "F8_E8M0"});
    PackedRows parts;
    parts.type_name = "fp8";
    parts.kind = codes.type == "F8_E4M3" ? CodeKind::e4m3 : CodeKind::e5m2;
    parts.rows = codes.shape[0];
    parts.columns = codes.shape[1];
    parts.codes = &codes;
    parts.grid = grid_of(module, codes, scale, block_of(settings));
    return {make_packed_rows(parts), parts.rows, parts.columns, &codes};
}

}  // namespace ovenbird
