#include "run/telemetry.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ovenbird {

std::string shapes_line(const std::vector<std::pair<std::string, ov::Tensor>>& inputs) {
    std::string text = "[DEBUG] Infer Input Shapes: ";
    for (const auto& [name, tensor] : inputs) {
        if (!text.ends_with(": ")) text += ", ";
        text += fmt::format("{}=[{}] {}", name, fmt::join(tensor.get_shape(), ","),
                            tensor.get_element_type().to_string());
    }
    return text;
}

}  // namespace ovenbird
