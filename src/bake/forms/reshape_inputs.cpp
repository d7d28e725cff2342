#include <map>
#include <openvino/op/parameter.hpp>

#include "bake/forms/passes.hpp"
#include "base/error.hpp"
#include "model/decoder_names.hpp"

namespace ovenbird {

void reshape_inputs(const std::shared_ptr<ov::Model>& model, int64_t tokens, int64_t past) {
    std::map<ov::Output<ov::Node>, ov::PartialShape> shapes;
    for (const auto& input : model->inputs()) {
        const std::string name = input.get_any_name();
        if (name == kBeamIdx) {
            shapes[input] = {1};
        } else if (name == kInputIds || name == kPositionIds) {
            shapes[input] = {1, tokens};
        } else if (name == kAttentionMask) {
            shapes[input] = {1, past + tokens};
        } else if (input.get_partial_shape().is_dynamic()) {
            fail(ErrorCode::unsupported,
                 "input '{}' {} is not one that Ovenbird can fix; known: input_ids, attention_mask, "
                 "position_ids, beam_idx",
                 name, input.get_partial_shape().to_string());
        }
    }
    model->reshape(shapes);
}

}  // namespace ovenbird
