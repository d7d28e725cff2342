#include "ovenbird/embedder.hpp"

#include "run/embed_text.hpp"

namespace ovenbird {
namespace {

DeviceOptions device_options(const TextEmbedderOptions& options) {
    DeviceOptions device;
    device.devices = options.devices;
    device.properties = options.properties;
    device.cache_folder = options.compiled_cache;
    return device;
}

}  // namespace

struct TextEmbedder::State {
    State(const std::filesystem::path& folder, const TextEmbedderOptions& options)
        : tokenizer(Tokenizer::load(options.tokenizer.empty() ? folder : options.tokenizer)),
          engine(folder, read_embedder_manifest(folder), device_options(options), options.validate) {}

    Tokenizer tokenizer;
    EmbeddingEngine engine;
};

TextEmbedder::TextEmbedder(const std::filesystem::path& folder, const TextEmbedderOptions& options)
    : state_(std::make_unique<State>(folder, options)) {}
TextEmbedder::TextEmbedder(TextEmbedder&&) noexcept = default;
TextEmbedder& TextEmbedder::operator=(TextEmbedder&&) noexcept = default;
TextEmbedder::~TextEmbedder() = default;

TextVector TextEmbedder::embed(const std::string& text, const EmbedOptions& options) {
    const EmbedWords words{options.prompt_name, options.truncate, options.dimensions,
                           "EmbedOptions::truncate"};
    Embedded embedded = embed_text(state_->engine, state_->tokenizer, text, words);
    return {std::move(embedded.values), embedded.tokens, embedded.dropped_tokens};
}

int64_t TextEmbedder::dimension() const {
    return state_->engine.facts().dimension;
}

int64_t TextEmbedder::max_tokens() const {
    return state_->engine.most_tokens();
}

std::map<std::string, std::string> TextEmbedder::prompts() const {
    return state_->engine.facts().prompts;
}

std::string TextEmbedder::device() const {
    return state_->engine.device();
}

std::vector<std::string> TextEmbedder::passed_over() const {
    std::vector<std::string> lines;
    for (const auto& passed : state_->engine.passed_over())
        lines.push_back(passed.device + ": " + passed.reason);
    return lines;
}

}  // namespace ovenbird
