#pragma once
// Changes of a decoder's weights that leave what it says alone: norms folded into the products behind them,
// the residual stream and the values of attention rotated. What is left is easier to round.

#include <cstdint>
#include <memory>
#include <string>

#include "bake/exact/rotation.hpp"
#include "bake/graph/inventory.hpp"
#include "bake/source/checkpoint.hpp"
#include "model/config.hpp"

namespace ovenbird {

/// What becomes of one tensor.
struct TensorChange {
    const SourceTensor* scale = nullptr;  // a norm's weights, by which the columns are multiplied
    bool is_ones = false;                 // a norm whose weights went elsewhere
    bool is_head_mix = false;             // Rᵀ diag(scale) R
    const Rotation* columns = nullptr;    // each row is turned, in pieces of the rotation's size
    const Rotation* rows = nullptr;       // the rows are mixed, in pieces of the rotation's size
};

class ExactChanges {
public:
    /// `seed`: of the rotations. `norm` gives the weights of a norm by its tensor's name.
    ExactChanges(const ModelConfig& config, uint64_t seed);
    uint64_t seed() const { return seed_; }
    bool mixes_head() const { return mixes_head_; }

    /// `find`: gives the checkpoint's tensor of a name.
    template <typename Find>
    TensorChange change_of(const std::string& name, const Find& find) const {
        TensorChange change = rotations_of(name);
        const std::string norm = norm_before(name);
        if (!norm.empty()) change.scale = &find(norm);
        return change;
    }

private:
    TensorChange rotations_of(const std::string& name) const;
    std::string norm_before(const std::string& name) const;

    uint64_t seed_;
    bool mixes_head_;
    Rotation stream_;
    Rotation values_;
};

/// Whether the rows of the tensor depend on each other, so that it is read as a whole.
inline bool mixes_rows(const TensorChange& change) {
    return change.rows != nullptr || change.is_head_mix;
}

/// Rows [begin, end) of the changed tensor as f32; all of them where mixes_rows(). A vector is one row.
/// Thread-safe.
void read_changed(const SourceTensor& source, const TensorChange& change, int64_t begin, int64_t end,
                  int64_t columns, float* out);

}  // namespace ovenbird
