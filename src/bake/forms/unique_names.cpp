#include <fmt/format.h>

#include <map>
#include <openvino/op/constant.hpp>
#include <set>
#include <string>

#include "bake/forms/passes.hpp"

namespace ovenbird {
namespace {

// OpenVINO numbers what has no name through the whole process: seven digits, and others at every bake.
// Counted in the graph, and a constant by one letter, a graph's text is a fiftieth shorter and always the
// same.
void name_the_nameless(const ov::NodeVector& nodes) {
    std::map<std::string, size_t> counts;
    for (const auto& node : nodes) {
        if (node->get_friendly_name() != node->get_name()) continue;
        const std::string kind = ov::is_type<ov::op::v0::Constant>(node) ? "c" : node->get_type_name();
        node->set_friendly_name(fmt::format("{}_{}", kind, counts[kind]++));
    }
}

}  // namespace

void unique_names(const std::shared_ptr<ov::Model>& model) {
    name_the_nameless(model->get_ordered_ops());
    std::set<std::string> taken;
    for (const auto& node : model->get_ordered_ops()) {
        const std::string name = node->get_friendly_name();
        if (taken.insert(name).second) continue;
        std::string other;
        for (size_t number = 2; other.empty() || !taken.insert(other).second; ++number)
            other = name + "#" + std::to_string(number);
        node->set_friendly_name(other);
    }
}

}  // namespace ovenbird
