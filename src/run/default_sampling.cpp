#include "run/default_sampling.hpp"

#include "base/json.hpp"

namespace ovenbird {

std::optional<SamplingOptions> default_sampling(const std::filesystem::path& folder) {
    const auto path = folder / "generation_config.json";
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
    const Json json = read_json(path);
    const JsonObject config(json, path.string());
    if (!config.boolean_or("do_sample", false)) return std::nullopt;
    SamplingOptions sampling;
    // What is absent is as transformers' GenerationConfig has it.
    sampling.temperature = config.number_or("temperature", 1.0);
    sampling.top_k = config.integer_or("top_k", 50);
    sampling.top_p = config.number_or("top_p", 1.0);
    sampling.min_p = config.number_or("min_p", 0.0);
    sampling.repetition_penalty = config.number_or("repetition_penalty", 1.0);
    return sampling;
}

}  // namespace ovenbird
