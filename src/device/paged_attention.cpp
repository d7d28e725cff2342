#include "device/paged_attention.hpp"

#include <openvino/op/ops.hpp>
#include <openvino/pass/manager.hpp>
#include <openvino/pass/sdpa_to_paged_attention.hpp>

#include "base/error.hpp"
#include "device/interface.hpp"
#include "device/reason.hpp"
#include "model/config.hpp"
#include "model/decoder_names.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;

constexpr const char* kPagedAttention = "PagedAttentionExtension";
constexpr size_t kSlidingWindowInput = 10;
constexpr size_t kKeyCacheInput = 3;

// Tokens have become the first axis: the last rows are to be taken along it, as many as each run wants.
void slice_first_axis(ov::Model& model) {
    const auto first = std::make_shared<v0::Parameter>(ov::element::i64, ov::Shape{1});
    first->get_output_tensor(0).set_names({kFirstRow});
    const auto axis = v0::Constant::create(ov::element::i64, {1}, {0});
    for (const auto& node : model.get_ops()) {
        if (!ov::is_type<v8::Slice>(node) || !node->get_friendly_name().starts_with(kKeptRows)) continue;
        node->input(1).replace_source_output(first);
        node->input(4).replace_source_output(axis);
    }
    if (first->output(0).get_target_inputs().empty())
        fail(ErrorCode::unsupported, "the stateful graph does not choose the rows of its logits");
    model.add_parameters({first});
}

// A run of one token has one row.
void slice_nothing(ov::Model& model) {
    const auto first = model.input(kFirstRow).get_node_shared_ptr();
    for (const auto& reader : first->output(0).get_target_inputs())
        reader.get_node()->output(0).replace(reader.get_node()->input_value(0));
    model.remove_parameter(ov::as_type_ptr<v0::Parameter>(first));
}

// OpenVINO's rewriting drops masks and knows sliding windows of some models only: they are told to it.
void set_sliding_windows(ov::Model& model) {
    if (!model.has_rt_info("ovenbird", kSlidingWindows)) return;
    const auto windows = read_sliding_windows(model.get_rt_info<std::string>("ovenbird", kSlidingWindows));
    for (const auto& node : model.get_ops()) {
        if (node->get_type_name() != std::string(kPagedAttention)) continue;
        const std::string cache = node->input_value(kKeyCacheInput).get_any_name();  // "key_cache.7"
        const size_t layer = std::stoul(cache.substr(cache.find('.') + 1));
        if (layer >= windows.size())
            fail(ErrorCode::invalid_input, "the stateful graph tells no sliding window for {}", cache);
        node->input(kSlidingWindowInput)
            .replace_source_output(v0::Constant::create(ov::element::i32, {}, {windows[layer]}));
    }
}

std::shared_ptr<ov::Model> for_one_token(const std::shared_ptr<ov::Model>& chunk, int64_t pages) {
    auto token = chunk->clone();
    slice_nothing(*token);
    token->reshape({{"input_ids", {1}},
                    {"position_ids", {1}},
                    {"past_lens", {1}},
                    {"subsequence_begins", {2}},
                    {"block_indices_begins", {2}},
                    {"block_indices", {pages}}});
    return token;
}

// A layer without states reads those of another: its pages would be others.
void refuse_shared_keys(const ov::Model& model) {
    if (!model.has_rt_info("ovenbird", kSlidingWindows)) return;
    const auto windows = read_sliding_windows(model.get_rt_info<std::string>("ovenbird", kSlidingWindows));
    if (model.get_variables().size() < 2 * windows.size())
        fail(ErrorCode::unsupported, "its layers read the keys and values of others");
}

}  // namespace

PagedGraphs page_attention(const std::shared_ptr<ov::Model>& stateful, int64_t pages) {
    for (const auto& variable : stateful->get_variables())
        if (is_whole_state(variable->get_info().variable_id))
            fail(ErrorCode::unsupported, "its layers keep other states than keys and values");
    refuse_shared_keys(*stateful);
    try {
        ov::pass::Manager manager;
        manager.register_pass<ov::pass::SDPAToPagedAttention>();
        manager.run_passes(stateful);
        slice_first_axis(*stateful);
        set_sliding_windows(*stateful);
        stateful->validate_nodes_and_infer_types();
        return {stateful, for_one_token(stateful, pages)};
    } catch (const ov::Exception& error) {
        fail(ErrorCode::unsupported, "attention cannot be paged: {}", one_line_reason(error.what()));
    }
}

}  // namespace ovenbird
