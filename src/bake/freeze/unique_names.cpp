#include <set>
#include <string>

#include "bake/freeze/freeze.hpp"

namespace ovenbird {

void unique_names(const std::shared_ptr<ov::Model>& model) {
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
