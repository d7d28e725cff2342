#include "serve/wire/load.hpp"

#include "base/error.hpp"

namespace ovenbird {

Json to_json(const Load& load) {
    return {{"folder", load.folder.string()},
            {"tokenizer", load.how.tokenizer.string()},
            {"chat_template", load.how.chat_template},
            {"devices", load.how.devices},
            {"properties", load.how.properties},
            {"compiled_cache", load.how.compiled_cache.string()},
            {"form", static_cast<int>(load.how.form)},
            {"validate", load.how.validate ? Json(*load.how.validate) : Json(nullptr)}};
}

Load load_from_json(const Json& json) {
    const JsonObject object(json, "a message to the worker");
    try {
        Load load;
        load.folder = object.text("folder");
        load.how.tokenizer = object.text("tokenizer");
        load.how.chat_template = object.text("chat_template");
        load.how.devices = json.at("devices").get<std::vector<std::string>>();
        load.how.properties = json.at("properties").get<std::map<std::string, std::string>>();
        load.how.compiled_cache = object.text("compiled_cache");
        load.how.form =
            static_cast<FormChoice>(object.integer_in("form", 0, static_cast<int>(FormChoice::folded)));
        if (!json.at("validate").is_null()) load.how.validate = json.at("validate").get<bool>();
        return load;
    } catch (const Json::exception& error) {
        fail(ErrorCode::invalid_input, "{}: {}", object.origin(), error.what());
    }
}

}  // namespace ovenbird
