#include "serve/wire/embed.hpp"

#include "base/error.hpp"

namespace ovenbird {
namespace {

Json to_json(const EmbedInput& input) {
    return input.ids.empty() ? Json(input.text) : Json(input.ids);
}

EmbedInput input_from(const Json& json) {
    if (json.is_string()) return {json.get<std::string>(), {}};
    return {"", json.get<std::vector<int64_t>>()};
}

}  // namespace

Json to_json(const EmbedAsk& ask) {
    Json inputs = Json::array();
    for (const auto& input : ask.inputs)
        inputs.push_back(to_json(input));
    return {{"inputs", std::move(inputs)},
            {"prompt_name", ask.prompt_name ? Json(*ask.prompt_name) : Json(nullptr)},
            {"truncate", ask.truncate},
            {"dimensions", ask.dimensions},
            {"how_to_cut", ask.how_to_cut},
            {"first", ask.first}};
}

EmbedAsk embed_ask_from_json(const Json& json) {
    const JsonObject object(json, "a message to the worker");
    try {
        EmbedAsk ask;
        for (const Json& input : object.array("inputs"))
            ask.inputs.push_back(input_from(input));
        if (object.has("prompt_name")) ask.prompt_name = object.text("prompt_name");
        ask.truncate = object.boolean_or("truncate", false);
        ask.dimensions = object.integer("dimensions");
        ask.how_to_cut = object.text("how_to_cut");
        ask.first = object.integer_in("first", 0, static_cast<int64_t>(ask.inputs.size()));
        return ask;
    } catch (const Json::exception& error) {
        fail(ErrorCode::invalid_input, "{}: {}", object.origin(), error.what());
    }
}

}  // namespace ovenbird
