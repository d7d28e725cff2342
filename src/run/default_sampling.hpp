#pragma once
// How a model's own files want it to be sampled.

#include <filesystem>
#include <optional>

#include "ovenbird/answer.hpp"

namespace ovenbird {

/// Where the folder's generation_config.json says do_sample, its temperature, top_k, top_p, min_p and
/// repetition_penalty, with transformers' defaults for what it leaves out; else nothing: greedy. Errors:
/// invalid_input.
std::optional<SamplingOptions> default_sampling(const std::filesystem::path& folder);

}  // namespace ovenbird
