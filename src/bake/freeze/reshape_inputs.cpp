#include <map>
#include <openvino/op/parameter.hpp>

#include "bake/freeze/freeze.hpp"
#include "base/error.hpp"

namespace ovenbird {

void reshape_inputs(const std::shared_ptr<ov::Model>& model, int64_t seq_len) {
    std::map<ov::Output<ov::Node>, ov::PartialShape> shapes;
    for (const auto& input : model->inputs()) {
        const std::string name = input.get_any_name();
        if (name == "beam_idx") {
            shapes[input] = {1};
        } else if (name == "input_ids" || name == "attention_mask" || name == "position_ids") {
            shapes[input] = {1, seq_len};
        } else {
            fail(ErrorCode::unsupported,
                 "input '{}' {} is not one that Ovenbird can fix; known: input_ids, attention_mask, "
                 "position_ids, "
                 "beam_idx",
                 name, input.get_partial_shape().to_string());
        }
    }
    model->reshape(shapes);
}

}  // namespace ovenbird
