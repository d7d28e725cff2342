#include <openvino/op/util/read_value_base.hpp>

#include "check/rules.hpp"

namespace ovenbird {

void check_states(const ov::Model& model, std::vector<Finding>& findings) {
    for (const auto& node : model.get_ordered_ops()) {
        if (!ov::is_type<ov::op::util::ReadValueBase>(node)) continue;
        if (node->get_output_partial_shape(0).is_static()) continue;
        findings.push_back({true, all_platforms(), describe_node(*node),
                            "a cache of no fixed length is kept as a state",
                            "bake it: ovenbird bake MODEL.xml -o DIR drops the cache"});
        return;  // one a model is enough: there are two a layer
    }
}

}  // namespace ovenbird
