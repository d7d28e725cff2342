#include "bake/forms/shape.hpp"

#include "bake/forms/passes.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

// What every static graph goes through once its shapes are numbers and its attention is masked.
void rewrite_for_npu(const std::shared_ptr<ov::Model>& model, int64_t positions) {
    if (positions > 0) look_up_rope(model, positions);
    queries_into_rows(model);
    scale_after_gather(model);
    use_scalar_zero_points(model);
    bound_constants(model);
    plain_slices(model);
    split_heads(model);
    model->validate_nodes_and_infer_types();
    unique_names(model);
}

template <typename Passes>
std::shared_ptr<ov::Model> shaped(const std::shared_ptr<const ov::Model>& decoder, const char* form,
                                  const Passes& passes) {
    try {
        auto model = decoder->clone();
        passes(model);
        return model;
    } catch (const ov::Exception& error) {
        fail(ErrorCode::unsupported, "OpenVINO cannot give the graph its {} form: {}", form, error.what());
    }
}

}  // namespace

std::shared_ptr<ov::Model> shape_window(const std::shared_ptr<const ov::Model>& decoder, int64_t seq_len,
                                        bool all_logits) {
    return shaped(decoder, "static [1, N]", [&](const auto& model) {
        drop_cache(model);
        reshape_inputs(model, seq_len, 0);
        write_out_delta_rule(model);
        if (!all_logits) keep_last_row(model);
        settle_shapes(model);
        drop_empty_parts(model);
        fuse_attention(model);
        rewrite_for_npu(model, seq_len);
    });
}

std::shared_ptr<ov::Model> shape_vectors(const std::shared_ptr<const ov::Model>& embedder, int64_t tokens,
                                         int64_t positions) {
    return shaped(embedder, "static [1, N]", [&](const auto& model) {
        reshape_inputs(model, tokens, 0);
        settle_shapes(model);
        rewrite_for_npu(model, positions);
    });
}

std::shared_ptr<ov::Model> shape_dynamic(const std::shared_ptr<const ov::Model>& decoder) {
    return shaped(decoder, "dynamic", [](const auto& model) {
        join_products(model);
        keep_last_rows(model, kDraftRows);
        unique_names(model);
    });
}

std::shared_ptr<ov::Model> shape_step(const std::shared_ptr<const ov::Model>& decoder, const Step& step,
                                      int64_t positions, bool all_rows) {
    return shaped(decoder, "static, with a cache", [&](const auto& model) {
        states_to_inputs(model, step.past);
        reshape_inputs(model, step.tokens, step.past);
        write_out_delta_rule(model);
        if (step.tokens > 1 && !all_rows) keep_last_row(model);
        settle_shapes(model);
        drop_empty_parts(model);
        fuse_attention(model);
        set_masks(model, true);
        settle_shapes(model);
        rewrite_for_npu(model, positions);
    });
}

}  // namespace ovenbird
