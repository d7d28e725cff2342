#include "bake/freeze/freeze.hpp"

#include "base/error.hpp"

namespace ovenbird {

void freeze(const std::shared_ptr<ov::Model>& model, int64_t seq_len, bool all_logits) {
    try {
        drop_cache(model);
        reshape_inputs(model, seq_len);
        if (!all_logits) keep_last_row(model);
        fold_shapes(model);
        drop_empty_parts(model);
        look_up_rope(model, seq_len);
        fuse_attention(model);
        fold_grouped_queries(model);
        scale_after_gather(model);
        use_scalar_zero_points(model);
        bound_constants(model);
        split_heads(model);
        model->validate_nodes_and_infer_types();
        unique_names(model);
    } catch (const ov::Exception& error) {
        fail(ErrorCode::unsupported, "OpenVINO cannot make the graph static: {}", error.what());
    }
}

}  // namespace ovenbird
