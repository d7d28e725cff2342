#include "serve/tools/functions.hpp"

namespace ovenbird {

Functions::Functions(const Json& tools) {
    if (!tools.is_array()) return;
    for (const auto& tool : tools) {
        if (!tool.is_object()) continue;
        const auto function = tool.find("function");
        if (function == tool.end() || !function->is_object()) continue;
        const auto name = function->find("name");
        if (name == function->end() || !name->is_string()) continue;
        parameters_[name->get<std::string>()] = function->value("parameters", Json());
    }
}

}  // namespace ovenbird
