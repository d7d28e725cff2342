// What chat templates make of contexts, by the bridge that renders them for models:
//   ovenbird_rendered < lines
// A line of the input is {"template": TEXT, "contexts": [OBJECT ...]}; a line of the output is a list with
// {"text": TEXT} or {"error": TEXT} for each context.

#include <iostream>

#include "base/bridge_text.hpp"
#include "base/json.hpp"

namespace {

ovenbird::Json rendered(const std::string& source, const std::string& context) {
    ovenbird::BridgeText text, error;
    if (!ob_template_render(source.data(), source.size(), context.data(), context.size(), text.out(),
                            error.out()))
        return {{"error", error.str()}};
    return {{"text", text.str()}};
}

}  // namespace

int main() {
    try {
        std::string line;
        while (std::getline(std::cin, line)) {
            const auto request = ovenbird::parse_json(line, "standard input");
            auto answers = ovenbird::Json::array();
            for (const auto& context : request.at("contexts"))
                answers.push_back(rendered(request.at("template").get<std::string>(), context.dump()));
            std::cout << answers.dump() << std::endl;
        }
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "ovenbird_rendered: " << error.what() << "\n";
        return 1;
    }
}
