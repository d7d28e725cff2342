#include "bake/freeze/freeze.hpp"

#include "base/error.hpp"

namespace ovenbird {
namespace {

// What every static graph goes through once its shapes are numbers.
void rewrite_for_npu(const std::shared_ptr<ov::Model>& model, int64_t positions) {
    if (positions > 0) look_up_rope(model, positions);
    fuse_attention(model);
    fold_grouped_queries(model);
    scale_after_gather(model);
    use_scalar_zero_points(model);
    bound_constants(model);
    split_heads(model);
    model->validate_nodes_and_infer_types();
    unique_names(model);
}

}  // namespace

void freeze_cached(const std::shared_ptr<ov::Model>& model, int64_t positions, bool last_row) {
    try {
        if (last_row) keep_last_row(model);
        fold_shapes(model);
        rewrite_for_npu(model, positions);
    } catch (const ov::Exception& error) {
        fail(ErrorCode::internal, "OpenVINO cannot make the graph with a cache static: {}", error.what());
    }
}

void freeze(const std::shared_ptr<ov::Model>& model, int64_t seq_len, bool all_logits) {
    try {
        drop_cache(model);
        reshape_inputs(model, seq_len);
        if (!all_logits) keep_last_row(model);
        fold_shapes(model);
        drop_empty_parts(model);
        rewrite_for_npu(model, seq_len);
    } catch (const ov::Exception& error) {
        fail(ErrorCode::unsupported, "OpenVINO cannot make the graph static: {}", error.what());
    }
}

}  // namespace ovenbird
