#include "bake/source/packed_columns.hpp"

#include <algorithm>

#include "bake/source/block_reader.hpp"
#include "bake/source/packed_rows.hpp"

namespace ovenbird {
namespace {

// A tile of so many rows and columns is unpacked where it stays in the first cache, then written row by row:
// reads and writes both go by whole cache lines. Rows in steps that whole words of any bits fit.
constexpr int64_t kTileRows = 16;
constexpr int64_t kTileColumns = 64;

using Lane = std::array<float, kTileRows>;  // a value for each row of a tile
using Words = std::array<uint32_t, kTileRows>;

OVENBIRD_CLONES void unpack_lane(const Words& words, const Words& shifts, uint32_t mask, const Lane& zeros,
                                 const Lane& scales, Lane& out) {
    for (size_t j = 0; j < kTileRows; ++j) {
        const auto code = static_cast<float>(static_cast<int32_t>(words[j] >> shifts[j] & mask));
        out[j] = (code - zeros[j]) * scales[j];
    }
}

class ColumnReader : public PackedWeight {
public:
    explicit ColumnReader(const PackedColumns& parts) : parts_(parts), scales_(*parts.scales) {
        if (parts.zero_points != nullptr) zero_points_ = parts.zero_points->bytes;
        parts_.scales = &scales_;
    }
    const std::string& type_name() const override { return parts_.type_name; }
    bool rows_in_order() const override { return false; }

    void read(int64_t begin, int64_t end, float* out) const override {
        std::vector<Lane> scales(static_cast<size_t>(parts_.groups));
        std::vector<Lane> zeros(scales.size());
        for (int64_t tile = begin / kTileRows * kTileRows; tile < end; tile += kTileRows) {
            const int64_t count = std::min(kTileRows, parts_.rows - tile);
            read_groups_of(tile, count, scales, zeros);
            const int64_t first = std::max(tile, begin);
            const int64_t last = std::min(tile + count, end);
            std::array<Lane, kTileColumns> values;
            for (int64_t column = 0; column < parts_.columns; column += kTileColumns) {
                const int64_t columns = std::min(kTileColumns, parts_.columns - column);
                unpack_tile(tile, count, column, columns, scales, zeros, values);
                for (int64_t row = first; row < last; ++row) {
                    float* to = out + (row - begin) * parts_.columns + column;
                    const auto lane = static_cast<size_t>(row - tile);
                    for (int64_t i = 0; i < columns; ++i)
                        to[i] = values[static_cast<size_t>(i)][lane];
                }
            }
        }
    }

private:
    int64_t per_word() const { return 32 / parts_.bits; }
    uint32_t mask() const { return (1U << parts_.bits) - 1; }
    size_t group_of(int64_t column) const {
        return static_cast<size_t>(parts_.group_of.empty() ? column / parts_.group_size
                                                           : parts_.group_of[static_cast<size_t>(column)]);
    }
    uint32_t shift_of(int64_t row) const { return parts_.shifts[static_cast<size_t>(row % per_word())]; }

    void read_groups_of(int64_t tile, int64_t count, std::vector<Lane>& scales,
                        std::vector<Lane>& zeros) const {
        const int64_t words = parts_.rows / per_word();
        for (int64_t group = 0; group < parts_.groups; ++group) {
            Lane& scale = scales[static_cast<size_t>(group)];
            Lane& zero = zeros[static_cast<size_t>(group)];
            for (int64_t j = 0; j < count; ++j) {
                const int64_t row = tile + j;
                const auto lane = static_cast<size_t>(j);
                scale[lane] = number_at(scales_, group * parts_.rows + row);
                zero[lane] = static_cast<float>(1U << (parts_.bits - 1));
                if (zero_points_.empty()) continue;
                const uint32_t word = load_u32(zero_points_.data() + 4 * (group * words + row / per_word())) +
                                      parts_.zero_point_add;
                zero[lane] = static_cast<float>(word >> shift_of(row) & mask());
            }
        }
    }

    void unpack_tile(int64_t tile, int64_t count, int64_t column, int64_t columns,
                     const std::vector<Lane>& scales, const std::vector<Lane>& zeros,
                     std::array<Lane, kTileColumns>& values) const {
        Words words{};
        Words shifts{};
        const int64_t per = per_word();
        for (int64_t j = 0; j < kTileRows; ++j)
            shifts[static_cast<size_t>(j)] = shift_of(j);
        for (int64_t i = 0; i < columns; ++i) {
            const int64_t at = column + i;
            if (parts_.words_along_columns) {
                if (at % per == 0) {
                    const std::byte* in = parts_.codes.data() + 4 * (at / per * parts_.rows + tile);
                    std::memcpy(words.data(), in, static_cast<size_t>(4 * count));
                }
                shifts.fill(static_cast<uint32_t>(parts_.bits * (at % per)));
            } else {
                const std::byte* in = parts_.codes.data() + 4 * (at * (parts_.rows / per) + tile / per);
                for (int64_t j = 0; j < count; j += per, in += 4)
                    std::fill_n(words.begin() + j, per, load_u32(in));
            }
            const size_t group = group_of(at);
            unpack_lane(words, shifts, mask(), zeros[group], scales[group], values[static_cast<size_t>(i)]);
        }
    }

    PackedColumns parts_;
    StoredPart scales_;  // of its own: the caller's map may be gone
    std::span<const std::byte> zero_points_;
};

}  // namespace

std::shared_ptr<const PackedWeight> make_packed_columns(const PackedColumns& parts) {
    return std::make_shared<ColumnReader>(parts);
}

}  // namespace ovenbird
