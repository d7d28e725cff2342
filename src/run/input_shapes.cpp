#include "run/input_shapes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ovenbird {

namespace {

using Sent = std::pair<std::string, Tensor>;

// "past_key_values.0.key" and "past_key_values.7.value", of one shape and type.
bool are_alike(const Sent& a, const Sent& b) {
    const size_t dot = a.first.find('.');
    return dot != std::string::npos && b.first.compare(0, dot + 1, a.first, 0, dot + 1) == 0 &&
           a.second.shape() == b.second.shape() && a.second.type() == b.second.type();
}

}  // namespace

std::string shapes_line(const std::vector<Sent>& inputs) {
    std::string text = "[DEBUG] Infer Input Shapes: ";
    for (size_t first = 0; first < inputs.size();) {
        size_t end = first + 1;
        while (end < inputs.size() && are_alike(inputs[first], inputs[end]))
            ++end;
        if (first > 0) text += ", ";
        text += inputs[first].first;
        if (end - first > 1) text += fmt::format(" … {} ({})", inputs[end - 1].first, end - first);
        text += fmt::format("=[{}] {}", fmt::join(inputs[first].second.shape(), ","),
                            name_of(inputs[first].second.type()));
        first = end;
    }
    return text;
}

}  // namespace ovenbird
