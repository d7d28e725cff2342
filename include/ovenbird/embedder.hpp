#pragma once
// An embedding model opened on a device: texts in, vectors out. No OpenVINO in the interface.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ovenbird/error.hpp"

namespace ovenbird {

struct TextEmbedderOptions {
    std::vector<std::string> devices{"NPU", "GPU", "CPU"};  // the first that takes the model is used
    std::map<std::string, std::string> properties{};        // for the device, any OpenVINO property
    std::filesystem::path compiled_cache{};                 // folder of compiled models; empty: none are kept
    std::filesystem::path tokenizer{};                      // its folder; empty: the model's
    /// Whether the device's first vector is compared with what the bake recorded, and the device passed over
    /// when it is another. None: on every device but the CPU.
    std::optional<bool> validate{};
};

struct EmbedOptions {
    std::optional<std::string> prompt_name{};  // of the model's own prompts; none: its default, if it has one
    bool truncate = false;   // cut the end off a text beyond max_tokens(), instead of refusing it
    int64_t dimensions = 0;  // keep so many first numbers, where the model was trained for that; 0: all
};

struct TextVector {
    std::vector<float> values;
    int64_t tokens = 0;          // of the text with its prompt, and what the tokenizer puts around them
    int64_t dropped_tokens = 0;  // with EmbedOptions::truncate
};

/// Owns all that it opened. One thread at a time; several of them share nothing but OpenVINO's runtime.
class TextEmbedder {
public:
    /// Opens a folder that bake() made of an embedding model. Errors: not_found, invalid_input, unsupported
    /// (a model that writes text), device.
    explicit TextEmbedder(const std::filesystem::path& folder, const TextEmbedderOptions& options = {});
    TextEmbedder(TextEmbedder&&) noexcept;
    TextEmbedder& operator=(TextEmbedder&&) noexcept;
    ~TextEmbedder();

    /// Errors: usage (a text too long or without tokens, no such prompt, a length the model was not trained
    /// for), device.
    TextVector embed(const std::string& text, const EmbedOptions& options = {});

    int64_t dimension() const;
    int64_t max_tokens() const;
    /// Names and texts of the model's prompts.
    std::map<std::string, std::string> prompts() const;
    std::string device() const;
    /// "NPU: no such device is visible here …": those tried before, with their reasons.
    std::vector<std::string> passed_over() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace ovenbird
