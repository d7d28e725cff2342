#include "serve/api/embeddings.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include <fmt/format.h>

#include "serve/api/fields.hpp"
#include "serve/api/ollama.hpp"
#include "serve/api/openai_chat.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kMany = int64_t{1} << 31;
constexpr size_t kMostInputs = 2048;  // of OpenAI's API

void refuse_many(const Json& inputs, std::string_view name) {
    if (inputs.size() > kMostInputs)
        refuse(std::string(name),
               fmt::format("{} has {} entries; at most {} are taken at once: ask again for the rest", name,
                           inputs.size(), kMostInputs));
}

bool is_tokens(const Json& value) {
    return value.is_array() && !value.empty() && std::all_of(value.begin(), value.end(), [](const Json& id) {
               return id.is_number_integer() && id >= 0 && id < kMany;
           });
}

// A text that is not empty, or tokens.
EmbedInput openai_input(const Json& value, const std::string& where) {
    if (is_tokens(value)) return {"", value.get<std::vector<int64_t>>()};
    if (!value.is_string()) refuse("input", fmt::format("{} must be a text, or a list of tokens", where));
    auto text = value.get<std::string>();
    if (text.empty())
        refuse("input", fmt::format("{} is empty: there is nothing to make a vector of", where));
    return {std::move(text), {}};
}

std::vector<EmbedInput> openai_inputs(const Fields& fields) {
    const Json& input = fields.at("input");
    if (input.is_null()) refuse("input", "input is missing: a text, or a list of texts or of tokens");
    if (!input.is_array() || is_tokens(input)) return {openai_input(input, "input")};
    if (input.empty()) refuse("input", "input is empty: there is nothing to make a vector of");
    refuse_many(input, "input");
    std::vector<EmbedInput> inputs;
    for (const Json& each : input)
        inputs.push_back(openai_input(each, fmt::format("input[{}]", inputs.size())));
    return inputs;
}

EmbedCall read_common(const Fields& fields) {
    EmbedCall call;
    call.ask.dimensions = fields.integer("dimensions", 1, kMany).value_or(0);
    call.ask.prompt_name = fields.text("prompt_name");
    return call;
}

EmbedCall read_openai(const Json& request) {
    const Fields fields(request);
    EmbedCall call = read_common(fields);
    call.model = fields.needed_text("model");
    const auto encoding = fields.text("encoding_format").value_or("float");
    if (encoding != "float" && encoding != "base64")
        refuse("encoding_format", "encoding_format must be \"float\" or \"base64\"");
    call.base64 = encoding == "base64";
    call.ask.inputs = openai_inputs(fields);
    return call;
}

Json openai_json(const EmbedCall& call, const EmbedAnswer& answer) {
    Json data = Json::array();
    for (const auto& vector : answer.vectors)
        data.push_back({{"object", "embedding"},
                        {"index", data.size()},
                        {"embedding", call.base64 ? Json(packed_base64(vector)) : Json(vector)}});
    return {{"object", "list"},
            {"data", std::move(data)},
            {"model", call.model},
            {"usage", {{"prompt_tokens", answer.tokens}, {"total_tokens", answer.tokens}}}};
}

// What "options" holds has to do with memory, threads and sampling, and changes no vector.
EmbedCall read_ollama_common(const Fields& fields) {
    EmbedCall call = read_common(fields);
    call.model = read_ollama_model(fields.json());
    call.keep_alive_s = read_ollama_keep_alive(fields);
    if (fields.has("options")) (void)Fields(fields.at("options"), "options");
    return call;
}

EmbedCall read_ollama_embed(const Json& request) {
    const Fields fields(request);
    EmbedCall call = read_ollama_common(fields);
    call.ask.truncate = fields.boolean("truncate").value_or(true);
    call.ask.how_to_cut = "\"truncate\": true";
    const Json& input = fields.at("input");
    if (input.is_string()) {
        const auto text = input.get<std::string>();
        if (!text.empty()) call.ask.inputs = {{text, {}}};
        return call;
    }
    refuse_many(fields.array("input"), "input");
    for (const Json& each : input) {
        if (!each.is_string())
            refuse("input", fmt::format("input[{}] must be a string", call.ask.inputs.size()));
        call.ask.inputs.push_back({each.get<std::string>(), {}});
    }
    return call;
}

int64_t ns_of(double ms) {
    return std::llround(std::max(ms, 0.0) * 1e6);
}

Json ollama_embed_json(const EmbedCall& call, const EmbedAnswer& answer) {
    return {{"model", call.model},
            {"embeddings", answer.vectors},
            {"total_duration", ns_of(answer.total_ms)},
            {"load_duration", ns_of(answer.load_ms)},
            {"prompt_eval_count", answer.tokens}};
}

EmbedCall read_ollama_embeddings(const Json& request) {
    const Fields fields(request);
    EmbedCall call = read_ollama_common(fields);
    const auto prompt = fields.text("prompt").value_or("");
    if (!prompt.empty()) call.ask.inputs = {{prompt, {}}};
    return call;
}

Json ollama_embeddings_json(const EmbedCall&, const EmbedAnswer& answer) {
    return {{"embedding", answer.vectors.empty() ? Json::array() : Json(answer.vectors.front())}};
}

Json ollama_error(const ApiError& error) {
    return ollama_chat_format().error(error);
}

}  // namespace

std::string packed_base64(const std::vector<float>& values) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes;
    for (const float value : values) {
        const auto bits = std::bit_cast<uint32_t>(value);
        for (int shift = 0; shift < 32; shift += 8)
            bytes += static_cast<char>((bits >> shift) & 0xffU);
    }
    std::string text;
    for (size_t at = 0; at < bytes.size(); at += 3) {
        uint32_t three = 0;
        for (size_t i = 0; i < 3; ++i)
            three = (three << 8U) | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
        for (size_t i = 0; i < 4; ++i)
            text += at + i <= bytes.size() ? kDigits[(three >> (18 - 6 * i)) & 63U] : '=';
    }
    return text;
}

const EmbedFormat& openai_embeddings_format() {
    static const EmbedFormat kFormat{read_openai, openai_json, openai_error};
    return kFormat;
}

const EmbedFormat& ollama_embed_format() {
    static const EmbedFormat kFormat{read_ollama_embed, ollama_embed_json, ollama_error};
    return kFormat;
}

const EmbedFormat& ollama_embeddings_format() {
    static const EmbedFormat kFormat{read_ollama_embeddings, ollama_embeddings_json, ollama_error};
    return kFormat;
}

}  // namespace ovenbird
