#pragma once
// What a bake proved of an embedder's first text, to hold a device against that computes it anew.

#include <cstdint>
#include <span>
#include <vector>

#include "base/json.hpp"

namespace ovenbird {

struct FirstVector {
    std::vector<int64_t> ids;
    std::vector<float> values;  // in f32
};

Json to_json(const FirstVector& vector);
/// Errors: invalid_input.
FirstVector first_vector_from_json(const Json& json);

/// Of the angle between two vectors, -1 to 1; 0 where one is 0 or holds what is no number.
double cosine(std::span<const float> one, std::span<const float> other);

}  // namespace ovenbird
