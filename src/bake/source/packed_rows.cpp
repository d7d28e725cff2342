#include "bake/source/packed_rows.hpp"

#include <array>
#include <cmath>
#include <limits>

#include "bake/source/block_reader.hpp"

namespace ovenbird {
namespace {

constexpr size_t kByteCodes = 256;
using ByteTable = std::array<float, kByteCodes>;

// OCP's E4M3: bias 7, no infinities, one NaN of each sign.
float e4m3_value(int code) {
    constexpr int kBias = 7;
    const int exponent = code >> 3 & 15;
    const auto mantissa = static_cast<float>(code & 7);
    float value = exponent == 0 ? std::ldexp(mantissa, -kBias + 1 - 3)
                                : std::ldexp(8.0F + mantissa, exponent - kBias - 3);
    if ((code & 0x7F) == 0x7F) value = std::numeric_limits<float>::quiet_NaN();
    return (code & 0x80) != 0 ? -value : value;
}

template <typename Value>
ByteTable make_table(Value value) {
    ByteTable table{};
    for (size_t code = 0; code < table.size(); ++code)
        table[code] = value(static_cast<int>(code));
    return table;
}

// What each type of scales is in the file.
size_t number_bytes(std::string_view type) {
    if (type == "F32") return 4;
    return type == "F16" || type == "BF16" ? 2 : 1;
}

OVENBIRD_CLONES void read_bytes(const std::byte* in, const float* table, int64_t count,
                                float* __restrict out) {
    for (int64_t i = 0; i < count; ++i)
        out[i] = table[std::to_integer<size_t>(in[i])];
}

OVENBIRD_CLONES void read_nibbles(const std::byte* in, const float* table, int64_t count,
                                  float* __restrict out) {
    for (int64_t i = 0; i < count / 2; ++i) {
        const auto byte = std::to_integer<size_t>(in[i]);
        out[2 * i] = table[byte & 15];
        out[2 * i + 1] = table[byte >> 4];
    }
    if (count % 2 != 0) out[count - 1] = table[std::to_integer<size_t>(in[count / 2]) & 15];
}

void read_codes(const CodeTable& table, const std::byte* in, int64_t count, float* out) {
    if (table.bits == 8) return read_bytes(in, table.values, count, out);
    if (table.bits == 4) return read_nibbles(in, table.values, count, out);
    for (int64_t i = 0; i < count; ++i)
        out[i] = table.values[std::to_integer<size_t>(in[i / 4]) >> (2 * (i % 4)) & 3];
}

OVENBIRD_CLONES void scale_run(float* values, int64_t count, float zero, float scale) {
    for (int64_t i = 0; i < count; ++i)
        values[i] = (values[i] - zero) * scale;
}

class RowReader : public PackedWeight {
public:
    explicit RowReader(const PackedRows& parts)
        : parts_(parts),
          scales_(*parts.grid.scales),
          codes_(parts.codes->bytes),
          table_(code_table(parts.kind)) {
        parts_.grid.scales = &scales_;
        if (parts.zero_points.points != nullptr) {
            zeros_ = *parts.zero_points.points;
            parts_.zero_points.points = &zeros_;
        }
    }
    const std::string& type_name() const override { return parts_.type_name; }
    bool rows_in_order() const override { return true; }
    void read(int64_t begin, int64_t end, float* out) const override {
        const auto row_bytes = static_cast<int64_t>(codes_.size()) / parts_.rows;
        std::vector<float> scales(static_cast<size_t>(parts_.grid.columns));
        std::vector<float> zeros(scales.size());
        for (int64_t row = begin; row < end; ++row, out += parts_.columns) {
            read_codes(table_, codes_.data() + row * row_bytes, parts_.columns, out);
            if (row == begin || row % parts_.grid.rows_each == 0) read_grid_row(row, scales, zeros);
            scale_row(scales, zeros, out);
        }
    }

private:
    void read_grid_row(int64_t row, std::vector<float>& scales, std::vector<float>& zeros) const {
        const ScaleGrid& grid = parts_.grid;
        const int64_t first = row / grid.rows_each * grid.columns;
        for (int64_t i = 0; i < grid.columns; ++i) {
            const float scale = number_at(*grid.scales, first + i);
            scales[static_cast<size_t>(i)] = grid.divisor == 1 ? scale : scale / grid.divisor;
            zeros[static_cast<size_t>(i)] = zero_at(row / grid.rows_each, i);
        }
    }
    float zero_at(int64_t row, int64_t column) const {
        const ZeroPoints& zeros = parts_.zero_points;
        if (zeros.points == nullptr) return 0;
        const auto& bytes = zeros.points->bytes;
        if (zeros.bits == 0) {
            const int64_t index = bytes.size() == 1 ? 0 : row * parts_.grid.columns + column;
            return static_cast<float>(static_cast<int8_t>(bytes[static_cast<size_t>(index)]));
        }
        const int64_t per_word = 32 / zeros.bits;
        const uint32_t word = load_u32(bytes.data() + 4 * (row / per_word * parts_.grid.columns + column));
        const uint32_t code = word >> (zeros.bits * (row % per_word)) & ((1U << zeros.bits) - 1);
        return static_cast<float>(code) - static_cast<float>(1U << (zeros.bits - 1));
    }
    void scale_row(const std::vector<float>& scales, const std::vector<float>& zeros, float* out) const {
        if (!parts_.group_of.empty()) {
            for (size_t i = 0; i < parts_.group_of.size(); ++i) {
                const auto group = static_cast<size_t>(parts_.group_of[i]);
                out[i] = (out[i] - zeros[group]) * scales[group];
            }
            return;
        }
        const int64_t each = parts_.grid.columns_each;
        for (int64_t group = 0; group < parts_.grid.columns; ++group) {
            const int64_t count = std::min(each, parts_.columns - group * each);
            scale_run(out + group * each, count, zeros[static_cast<size_t>(group)],
                      scales[static_cast<size_t>(group)]);
        }
    }

    PackedRows parts_;
    StoredPart scales_;  // of its own: the caller's map may be gone
    StoredPart zeros_;
    std::span<const std::byte> codes_;
    CodeTable table_;
};

}  // namespace

float e8m0_value(uint8_t code) {
    constexpr int kBias = 127;
    constexpr uint8_t kNan = 255;
    return code == kNan ? std::numeric_limits<float>::quiet_NaN() : std::ldexp(1.0F, code - kBias);
}

CodeTable code_table(CodeKind kind) {
    static const ByteTable i8 =
        make_table([](int code) { return static_cast<float>(static_cast<int8_t>(code)); });
    static const ByteTable offset2 = make_table([](int code) { return static_cast<float>(code - 2); });
    static const ByteTable offset4 = make_table([](int code) { return static_cast<float>(code - 8); });
    static const ByteTable offset8 = make_table([](int code) { return static_cast<float>(code - 128); });
    static const ByteTable e4m3 = make_table(e4m3_value);
    static const ByteTable e5m2 =
        make_table([](int code) { return half_to_float(static_cast<uint32_t>(code) << 8); });
    static constexpr float kE2m1[16] = {0,     0.5F,  1,     1.5F,  2,     3,     4,     6,
                                        -0.0F, -0.5F, -1.0F, -1.5F, -2.0F, -3.0F, -4.0F, -6.0F};
    switch (kind) {
        case CodeKind::i8:
            return {8, i8.data()};
        case CodeKind::offset2:
            return {2, offset2.data()};
        case CodeKind::offset4:
            return {4, offset4.data()};
        case CodeKind::offset8:
            return {8, offset8.data()};
        case CodeKind::e4m3:
            return {8, e4m3.data()};
        case CodeKind::e5m2:
            return {8, e5m2.data()};
        case CodeKind::e2m1:
            return {4, kE2m1};
    }
    fail(ErrorCode::internal, "unknown kind of codes {}", static_cast<int>(kind));
}

float number_at(const StoredPart& part, int64_t index) {
    const size_t size = number_bytes(part.type);
    const std::byte* in = part.bytes.data() + static_cast<size_t>(index) * size;
    if (part.type == "F32") return std::bit_cast<float>(load_u32(in));
    if (part.type == "F16") return load_half(in);
    if (part.type == "BF16") return std::bit_cast<float>(static_cast<uint32_t>(load_u16(in)) << 16);
    const auto code = std::to_integer<uint8_t>(*in);
    return part.type == "F8_E4M3" ? code_table(CodeKind::e4m3).values[code] : e8m0_value(code);
}

std::vector<int32_t> read_groups(const ModuleParts& module, const StoredPart& part, int64_t columns,
                                 int64_t groups) {
    if (part.shape.size() != 1 || part.shape[0] != columns)
        module.wrong(part, "has shape {}, but there are {} columns", shape_text(part), columns);
    std::vector<int32_t> group_of(static_cast<size_t>(columns));
    std::memcpy(group_of.data(), part.bytes.data(), part.bytes.size());
    for (size_t i = 0; i < group_of.size(); ++i) {
        if (group_of[i] >= 0 && group_of[i] < groups) continue;
        module.wrong(part, "puts column {} into group {} of {}", i, group_of[i], groups);
    }
    return group_of;
}

std::shared_ptr<const PackedWeight> make_packed_rows(const PackedRows& parts) {
    return std::make_shared<RowReader>(parts);
}

}  // namespace ovenbird
