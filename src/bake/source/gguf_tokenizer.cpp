#include "bake/source/gguf_tokenizer.hpp"

#include "bake/source/gguf_vocabulary.hpp"
#include "bake/source/printable.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr const char* kSpaceMark = "\xE2\x96\x81";  // U+2581, the visible space

void read_automatic_tokens(const GgufMetadata& metadata, bool bos_by_default, Vocabulary& vocabulary) {
    vocabulary.add_bos = metadata.boolean("tokenizer.ggml.add_bos_token").value_or(bos_by_default) &&
                         vocabulary.bos.has_value();
    vocabulary.add_eos =
        metadata.boolean("tokenizer.ggml.add_eos_token").value_or(false) && vocabulary.eos.has_value();
}

Json added_tokens(const Vocabulary& vocabulary) {
    Json list = Json::array();
    for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
        const TokenKind kind = vocabulary.kinds[id];
        const std::string_view text = vocabulary.tokens[id];
        if (!is_added(kind) || text.empty() || vocabulary.ids.at(text) != static_cast<int64_t>(id)) continue;
        list.push_back({{"id", id},
                        {"content", text},
                        {"single_word", false},
                        {"lstrip", false},
                        {"rstrip", false},
                        {"normalized", false},
                        {"special", is_special(kind)}});
    }
    return list;
}

// [BOS] text [EOS]: what encoding with special tokens adds.
Json post_processor(const Vocabulary& vocabulary) {
    if (!vocabulary.add_bos && !vocabulary.add_eos) return nullptr;
    Json single = Json::array();
    Json pair = Json::array();
    Json specials = Json::object();
    const auto add_special = [&](int64_t id, int sequence) {
        const std::string text = vocabulary.text(id);
        const Json item = {{"SpecialToken", {{"id", text}, {"type_id", sequence}}}};
        if (sequence == 0) single.push_back(item);
        pair.push_back(item);
        specials[text] = {{"id", text}, {"ids", {id}}, {"tokens", {text}}};
    };
    for (const int sequence : {0, 1}) {
        const Json item = {{"Sequence", {{"id", sequence == 0 ? "A" : "B"}, {"type_id", sequence}}}};
        if (vocabulary.add_bos && vocabulary.bos) add_special(*vocabulary.bos, sequence);
        if (sequence == 0) single.push_back(item);
        pair.push_back(item);
        if (vocabulary.add_eos && vocabulary.eos) add_special(*vocabulary.eos, sequence);
    }
    return {{"type", "TemplateProcessing"}, {"single", single}, {"pair", pair}, {"special_tokens", specials}};
}

// Written by hand because ordered_json compares each new key with all before it: minutes for 150,000 tokens.
std::string model_text(const Json& model, const Vocabulary& vocabulary, const std::vector<Merge>& merges) {
    std::vector<std::string> quoted;
    quoted.reserve(vocabulary.tokens.size());
    for (const std::string_view token : vocabulary.tokens)
        quoted.push_back(Json(token).dump());
    std::string text = model.dump();
    text.pop_back();  // the closing brace
    text += ",\n\"vocab\": {";
    const char* separator = "\n";
    for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
        if (vocabulary.ids.at(vocabulary.tokens[id]) != static_cast<int64_t>(id)) continue;
        text += separator + quoted[id] + ": " + std::to_string(id);
        separator = ",\n";
    }
    text += "},\n\"merges\": [";
    separator = "\n";
    for (const Merge& merge : merges) {
        text += separator;
        text += "[" + quoted[static_cast<size_t>(merge.left)] + ", " +
                quoted[static_cast<size_t>(merge.right)] + "]";
        separator = ",\n";
    }
    return text + "]}";
}

struct TokenizerParts {
    Json normalizer;
    Json pre_tokenizer;
    Json decoder;
    std::string model;
};

std::string tokenizer_text(const Vocabulary& vocabulary, const TokenizerParts& parts) {
    std::string text = "{\n\"version\": \"1.0\",\n\"truncation\": null,\n\"padding\": null";
    text += ",\n\"added_tokens\": " + added_tokens(vocabulary).dump(1);
    text += ",\n\"normalizer\": " + parts.normalizer.dump();
    text += ",\n\"pre_tokenizer\": " + parts.pre_tokenizer.dump();
    text += ",\n\"post_processor\": " + post_processor(vocabulary).dump();
    text += ",\n\"decoder\": " + parts.decoder.dump();
    text += ",\n\"model\": " + parts.model + "\n}\n";
    return text;
}

Json bpe_model(const Json& unknown, bool fallback, bool ignore_merges) {
    return {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", unknown},
            {"continuing_subword_prefix", nullptr},
            {"end_of_word_suffix", nullptr},
            {"fuse_unk", fallback},
            {"byte_fallback", fallback},
            {"ignore_merges", ignore_merges}};
}

std::string byte_level_tokenizer(const GgufMetadata& metadata, const std::string& architecture,
                                 Vocabulary& vocabulary) {
    auto name = metadata.text("tokenizer.ggml.pre");
    if (!name && architecture.starts_with("qwen")) name = "qwen2";  // the only one these models have
    if (!name) {
        fail(ErrorCode::unsupported,
             "{}: metadata tokenizer.ggml.pre is missing, so how text is to be split is unknown; convert the "
             "model again with a current converter, or bake its Hugging Face folder",
             metadata.origin());
    }
    const PreTokenizer pre = gguf_pre_tokenizer(*name, metadata.origin());
    read_automatic_tokens(metadata, pre.add_bos, vocabulary);
    const auto merges = read_bpe_merges(metadata, vocabulary);
    TokenizerParts parts{
        .normalizer = pre.normalizer,
        .pre_tokenizer = pre.pre_tokenizer,
        .decoder = {{"type", "ByteLevel"},
                    {"add_prefix_space", false},
                    {"trim_offsets", true},
                    {"use_regex", true}},
        .model = model_text(bpe_model(nullptr, false, pre.ignore_merges), vocabulary, merges)};
    return tokenizer_text(vocabulary, parts);
}

std::string sentencepiece_tokenizer(const GgufMetadata& metadata, Vocabulary& vocabulary) {
    read_automatic_tokens(metadata, true, vocabulary);
    const bool leading_space = metadata.boolean("tokenizer.ggml.add_space_prefix").value_or(true);
    const auto merges = derive_spm_merges(metadata, vocabulary);
    Json marks = Json::array();
    Json steps = {{{"type", "Replace"}, {"pattern", {{"String", kSpaceMark}}}, {"content", " "}},
                  {{"type", "ByteFallback"}},
                  {{"type", "Fuse"}}};
    if (leading_space) {
        marks.push_back({{"type", "Prepend"}, {"prepend", kSpaceMark}});
        steps.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
    }
    marks.push_back({{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", kSpaceMark}});
    const Json unknown = vocabulary.unknown ? Json(vocabulary.text(*vocabulary.unknown)) : Json(nullptr);
    TokenizerParts parts{.normalizer = {{"type", "Sequence"}, {"normalizers", marks}},
                         .pre_tokenizer = nullptr,
                         .decoder = {{"type", "Sequence"}, {"decoders", steps}},
                         .model = model_text(bpe_model(unknown, true, false), vocabulary, merges)};
    return tokenizer_text(vocabulary, parts);
}

std::string tokenizer_config_text(const GgufMetadata& metadata, const Vocabulary& vocabulary) {
    Json config;
    config["tokenizer_class"] = "PreTrainedTokenizerFast";
    config["add_bos_token"] = vocabulary.add_bos;
    config["add_eos_token"] = vocabulary.add_eos;
    config["clean_up_tokenization_spaces"] = false;
    const std::pair<const char*, std::optional<int64_t>> specials[] = {{"bos_token", vocabulary.bos},
                                                                       {"eos_token", vocabulary.eos},
                                                                       {"unk_token", vocabulary.unknown},
                                                                       {"pad_token", vocabulary.pad}};
    for (const auto& [name, id] : specials) {
        if (id) config[name] = vocabulary.text(*id);
    }
    if (const auto chat = metadata.text("tokenizer.chat_template")) {
        if (!is_utf8(*chat)) {
            fail(ErrorCode::invalid_input, "{}: metadata tokenizer.chat_template is not UTF-8",
                 metadata.origin());
        }
        config["chat_template"] = *chat;
    }
    return config.dump(2) + "\n";
}

std::string generation_config_text(const Vocabulary& vocabulary) {
    Json config = Json::object();
    if (vocabulary.bos) config["bos_token_id"] = *vocabulary.bos;
    if (vocabulary.stops.size() == 1) config["eos_token_id"] = vocabulary.stops[0];
    if (vocabulary.stops.size() > 1) config["eos_token_id"] = vocabulary.stops;
    if (vocabulary.pad) config["pad_token_id"] = *vocabulary.pad;
    return config.dump(2) + "\n";
}

}  // namespace

TokenizerFiles make_gguf_tokenizer(const GgufMetadata& metadata, const std::string& architecture,
                                   int64_t rows) {
    const auto model = metadata.text("tokenizer.ggml.model");
    if (!model || *model == "none") return {};
    if (*model != "gpt2" && *model != "llama") {
        fail(ErrorCode::unsupported,
             "{}: tokenizer '{}' (tokenizer.ggml.model) is not known; known: gpt2, llama. Bake the model's "
             "Hugging "
             "Face folder instead",
             metadata.origin(), printable(*model));
    }
    Vocabulary vocabulary = read_vocabulary(metadata, rows);
    TokenizerFiles files;
    files.tokenizer = *model == "gpt2" ? byte_level_tokenizer(metadata, architecture, vocabulary)
                                       : sentencepiece_tokenizer(metadata, vocabulary);
    files.tokenizer_config = tokenizer_config_text(metadata, vocabulary);
    files.generation_config = generation_config_text(vocabulary);
    return files;
}

}  // namespace ovenbird
