#include "model/folded.hpp"

#include <filesystem>

#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kMostTokens = 131072;
constexpr int64_t kMostKinds = 100'000;

Json to_json(const WeightRanges& weights) {
    Json json = Json::object();
    for (const auto& [name, range] : weights)
        json[name] = {range.offset, range.bytes};
    return json;
}

Json to_json(const FoldedStep& step) {
    return {{"name", step.name},       {"tokens", step.tokens},     {"past", step.past},
            {"context", step.context}, {"all_rows", step.all_rows}, {"before", step.before},
            {"layers", step.layers},   {"head", step.head}};
}

Json to_json(const FoldedLayer& layer) {
    return {{"kind", layer.kind},
            {"shared", layer.shared},
            {"caches", layer.caches},
            {"weights", to_json(layer.weights)}};
}

std::vector<std::string> texts_at(const JsonObject& object, const char* key) {
    std::vector<std::string> texts;
    for (const auto& entry : object.array(key)) {
        if (!entry.is_string())
            fail(ErrorCode::invalid_input, "{}: '{}' holds more than texts", object.origin(), key);
        texts.push_back(entry.get<std::string>());
    }
    return texts;
}

// Sums of two are safe.
bool is_file_place(const Json& value) {
    return value.is_number_unsigned() && value.get<uint64_t>() <= uint64_t{1} << 50;
}

WeightRanges ranges_at(const JsonObject& object, const char* key) {
    WeightRanges ranges;
    const auto weights = object.object(key);
    if (!weights) return ranges;
    for (const auto& [name, pair] : weights->json().items()) {
        const bool sound =
            pair.is_array() && pair.size() == 2 && is_file_place(pair[0]) && is_file_place(pair[1]);
        if (!sound)
            fail(ErrorCode::invalid_input, "{}: {} '{}' is not [offset, bytes]", object.origin(), key, name);
        ranges[name] = {pair[0].get<uint64_t>(), pair[1].get<uint64_t>()};
    }
    return ranges;
}

FoldedStep read_step(const JsonObject& object) {
    FoldedStep step{{object.text("name"), object.integer_in("tokens", 1, kMostTokens),
                     object.integer_in("past", 0, kMostTokens), object.integer_in("context", 1, kMostTokens),
                     object.boolean_or("all_rows", false)},
                    inner_name(object.text("before"), object.origin()),
                    texts_at(object, "layers"),
                    inner_name(object.text("head"), object.origin())};
    for (const auto& file : step.layers)
        (void)inner_name(file, object.origin());
    return step;
}

FoldedLayer read_layer(const JsonObject& object, const std::vector<FoldedStep>& steps) {
    FoldedLayer layer{static_cast<size_t>(object.integer_in("kind", 0, kMostKinds)),
                      texts_at(object, "shared"), texts_at(object, "caches"), ranges_at(object, "weights")};
    for (const auto& step : steps) {
        if (layer.kind >= step.layers.size())
            fail(ErrorCode::invalid_input, "{}: step {} has no layer of kind {}", object.origin(), step.name,
                 layer.kind);
    }
    return layer;
}

}  // namespace

Json to_json(const FoldedForm& form) {
    Json steps = Json::array();
    for (const auto& step : form.steps)
        steps.push_back(to_json(step));
    Json layers = Json::array();
    for (const auto& layer : form.layers)
        layers.push_back(to_json(layer));
    return {{"steps", steps}, {"layers", layers}, {"head_weights", to_json(form.head_weights)}};
}

FoldedForm read_folded(const JsonObject& object) {
    FoldedForm form;
    for (const auto& entry : object.array("steps"))
        form.steps.push_back(read_step(JsonObject(entry, object.origin() + ": steps")));
    for (const auto& entry : object.array("layers"))
        form.layers.push_back(read_layer(JsonObject(entry, object.origin() + ": layers"), form.steps));
    form.head_weights = ranges_at(object, "head_weights");
    return form;
}

std::string inner_name(const std::string& name, const std::string& origin) {
    const std::filesystem::path path(name);
    const bool inside = path.is_relative() && name.find("..") == std::string::npos;
    if (!inside)
        fail(ErrorCode::invalid_input, "{}: the graph '{}' does not lie in the folder", origin, name);
    return name;
}

}  // namespace ovenbird
