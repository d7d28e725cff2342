#include "model/first_vector.hpp"

#include <cmath>

#include "base/error.hpp"

namespace ovenbird {

Json to_json(const FirstVector& vector) {
    return {{"ids", vector.ids}, {"values", vector.values}};
}

FirstVector first_vector_from_json(const Json& json) {
    const JsonObject object(json, "first_vector");
    FirstVector vector;
    for (const Json& id : object.array("ids")) {
        if (!id.is_number_integer() || id.get<int64_t>() < 0)
            fail(ErrorCode::invalid_input, "first_vector: 'ids' holds {}; bake the model again", id.dump());
        vector.ids.push_back(id.get<int64_t>());
    }
    for (const double value : object.numbers("values"))
        vector.values.push_back(static_cast<float>(value));
    if (vector.ids.empty() || vector.values.empty())
        fail(ErrorCode::invalid_input, "first_vector: it is empty; bake the model again");
    return vector;
}

double cosine(std::span<const float> one, std::span<const float> other) {
    if (one.size() != other.size()) return 0;
    double product = 0;
    double left = 0;
    double right = 0;
    for (size_t i = 0; i < one.size(); ++i) {
        product += static_cast<double>(one[i]) * other[i];
        left += static_cast<double>(one[i]) * one[i];
        right += static_cast<double>(other[i]) * other[i];
    }
    const double result = product / std::sqrt(left * right);
    return std::isfinite(result) ? result : 0;
}

}  // namespace ovenbird
