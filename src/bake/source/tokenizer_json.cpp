#include "bake/source/tokenizer_json.hpp"

namespace ovenbird {

Json added_token(int64_t id, std::string_view text, bool special) {
    return {{"id", id},        {"content", text},     {"single_word", false}, {"lstrip", false},
            {"rstrip", false}, {"normalized", false}, {"special", special}};
}

Json bos_eos_processor(const std::optional<NamedId>& bos, const std::optional<NamedId>& eos) {
    if (!bos && !eos) return nullptr;
    Json single = Json::array();
    Json pair = Json::array();
    Json specials = Json::object();
    const auto add_special = [&](const NamedId& token, int sequence) {
        const auto& [text, id] = token;
        const Json item = {{"SpecialToken", {{"id", text}, {"type_id", sequence}}}};
        if (sequence == 0) single.push_back(item);
        pair.push_back(item);
        specials[text] = {{"id", text}, {"ids", {id}}, {"tokens", {text}}};
    };
    for (const int sequence : {0, 1}) {
        const Json item = {{"Sequence", {{"id", sequence == 0 ? "A" : "B"}, {"type_id", sequence}}}};
        if (bos) add_special(*bos, sequence);
        if (sequence == 0) single.push_back(item);
        pair.push_back(item);
        if (eos) add_special(*eos, sequence);
    }
    return {{"type", "TemplateProcessing"}, {"single", single}, {"pair", pair}, {"special_tokens", specials}};
}

Json byte_level_step(bool add_prefix_space, bool use_regex) {
    return {{"type", "ByteLevel"},
            {"add_prefix_space", add_prefix_space},
            {"trim_offsets", true},
            {"use_regex", use_regex}};
}

Json split_step(std::string_view expression) {
    return {
        {"type", "Split"}, {"pattern", {{"Regex", expression}}}, {"behavior", "Isolated"}, {"invert", false}};
}

// Written by hand because ordered_json compares each new key with all before it: minutes for 150,000 tokens.
std::string bpe_model_text(const BpeSettings& settings,
                           std::span<const std::pair<std::string_view, int64_t>> tokens,
                           std::span<const MergeTexts> merges) {
    const Json model = {{"type", "BPE"},
                        {"dropout", nullptr},
                        {"unk_token", settings.unknown ? Json(*settings.unknown) : Json(nullptr)},
                        {"continuing_subword_prefix", nullptr},
                        {"end_of_word_suffix", nullptr},
                        {"fuse_unk", settings.byte_fallback},
                        {"byte_fallback", settings.byte_fallback},
                        {"ignore_merges", settings.ignore_merges}};
    std::string text = model.dump();
    text.pop_back();  // the closing brace
    text += ",\n\"vocab\": {";
    const char* separator = "\n";
    for (const auto& [token, id] : tokens) {
        text += separator + Json(token).dump() + ": " + std::to_string(id);
        separator = ",\n";
    }
    text += "},\n\"merges\": [";
    separator = "\n";
    for (const auto& [left, right] : merges) {
        text += separator;
        text += "[" + Json(left).dump() + ", " + Json(right).dump() + "]";
        separator = ",\n";
    }
    return text + "]}";
}

std::string tokenizer_json_text(const TokenizerParts& parts) {
    std::string text = "{\n\"version\": \"1.0\",\n\"truncation\": null,\n\"padding\": null";
    text += ",\n\"added_tokens\": " + parts.added_tokens.dump(1);
    text += ",\n\"normalizer\": " + parts.normalizer.dump();
    text += ",\n\"pre_tokenizer\": " + parts.pre_tokenizer.dump();
    text += ",\n\"post_processor\": " + parts.post_processor.dump();
    text += ",\n\"decoder\": " + parts.decoder.dump();
    text += ",\n\"model\": " + parts.model + "\n}\n";
    return text;
}

void set_spm_steps(TokenizerParts& parts, PrefixRule rule) {
    Json steps = {{{"type", "Replace"}, {"pattern", {{"String", kSpaceMark}}}, {"content", " "}},
                  {{"type", "ByteFallback"}},
                  {{"type", "Fuse"}}};
    if (rule != PrefixRule::none)
        steps.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
    parts.decoder = {{"type", "Sequence"}, {"decoders", steps}};
    if (rule == PrefixRule::beginning) {
        parts.pre_tokenizer = {{"type", "Metaspace"},
                               {"replacement", kSpaceMark},
                               {"prepend_scheme", "first"},
                               {"split", false}};
        return;
    }
    Json marks = Json::array();
    if (rule == PrefixRule::legacy) marks.push_back({{"type", "Prepend"}, {"prepend", kSpaceMark}});
    marks.push_back({{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", kSpaceMark}});
    parts.normalizer = {{"type", "Sequence"}, {"normalizers", marks}};
}

}  // namespace ovenbird
