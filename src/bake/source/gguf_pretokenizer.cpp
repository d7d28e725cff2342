#include <array>
#include <span>

#include "bake/source/gguf_vocabulary.hpp"
#include "bake/source/printable.hpp"
#include "bake/source/tokenizer_json.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

// The expressions by which each family of models was trained to split; they belong to the models, not to a
// program. Applied one after the other: what one matches stands alone, what it leaves goes on.
using Expressions = std::span<const char* const>;

constexpr const char* kGpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

constexpr std::array kGpt2Split{kGpt2};
constexpr std::array kDigitSplit{R"(\p{N})", kGpt2};
constexpr std::array kDefaultSplit{R"([\p{P}\$\+<=>\^~\|]+)", kGpt2, R"(\p{N}+)", R"([0-9][0-9][0-9])"};
constexpr std::array kLlama3Split{
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};
constexpr std::array kQwen2Split{
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};
constexpr std::array kTekkenSplit{
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};
constexpr std::array kDeepseekCoderSplit{R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)",
                                         "[一-龥ࠀ-一가-퟿]+", R"(\p{N})"};

constexpr std::array kDeepseekLlmSplit{
    "[\r\n]",
    R"(\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+)",
    R"(\s?[!-/:-~！-／：-～‘-‟　-。]+)",
    R"(\s+$)",
    "[一-龥ࠀ-一가-퟿]+",
    R"(\p{N}+)"};
constexpr std::array kDeepseek3Split{
    R"(\p{N}{1,3})", "[一-龥぀-ゟ゠-ヿ]+",
    R"re([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)re"};
constexpr std::array kSeedCoderSplit{
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+)"};
constexpr std::array kGpt4oSplit{
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};
constexpr std::array kKimiSplit{
    R"([\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

struct Row {
    const char* name;
    Expressions expressions;
    bool nfc = false;            // the original tokenizer composes characters first
    bool ignore_merges = false;  // a whole word that is a token is taken as it is
    bool add_bos = false;
};

constexpr Row kRows[] = {
    {.name = "default", .expressions = kDefaultSplit},
    {.name = "gpt-2", .expressions = kGpt2Split},
    {.name = "phi-2", .expressions = kGpt2Split},
    {.name = "olmo", .expressions = kGpt2Split},
    {.name = "smollm", .expressions = kDigitSplit},
    {.name = "starcoder", .expressions = kDigitSplit},
    {.name = "refact", .expressions = kDigitSplit},
    {.name = "command-r", .expressions = kDigitSplit},
    {.name = "llama-bpe", .expressions = kLlama3Split, .ignore_merges = true, .add_bos = true},
    {.name = "llama3", .expressions = kLlama3Split, .ignore_merges = true, .add_bos = true},
    {.name = "llama-v3", .expressions = kLlama3Split, .ignore_merges = true, .add_bos = true},
    {.name = "falcon3", .expressions = kLlama3Split, .ignore_merges = true, .add_bos = true},
    {.name = "smaug-bpe", .expressions = kLlama3Split},
    {.name = "dbrx", .expressions = kLlama3Split},  // Granite 4 says so
    {.name = "qwen2", .expressions = kQwen2Split, .nfc = true},
    {.name = "deepseek-r1-qwen", .expressions = kQwen2Split},
    {.name = "tekken", .expressions = kTekkenSplit, .ignore_merges = true, .add_bos = true},
    {.name = "granite-docling", .expressions = kGpt2Split},
    {.name = "trillion", .expressions = kGpt2Split},
    {.name = "exaone4", .expressions = kGpt2Split},
    {.name = "mellum", .expressions = kGpt2Split},
    {.name = "a.x-4.0", .expressions = kGpt2Split},
    {.name = "codeshell", .expressions = kDigitSplit},
    {.name = "exaone", .expressions = kDigitSplit},
    {.name = "minerva-7b", .expressions = kDigitSplit},
    {.name = "midm-2.0", .expressions = kLlama3Split, .ignore_merges = true, .add_bos = true},
    {.name = "glm4", .expressions = kLlama3Split},
    {.name = "chatglm-bpe", .expressions = kLlama3Split},
    {.name = "megrez", .expressions = kQwen2Split},
    {.name = "stablelm2", .expressions = kQwen2Split},
    {.name = "hunyuan", .expressions = kQwen2Split},
    {.name = "kormo", .expressions = kQwen2Split},
    {.name = "hunyuan-dense", .expressions = kDeepseek3Split},
    {.name = "deepseek-v3", .expressions = kDeepseek3Split},
    {.name = "deepseek-llm", .expressions = kDeepseekLlmSplit},
    {.name = "seed-coder", .expressions = kSeedCoderSplit},
    {.name = "gpt-4o", .expressions = kGpt4oSplit},
    {.name = "kimi-k2", .expressions = kKimiSplit},
    {.name = "deepseek-coder", .expressions = kDeepseekCoderSplit},
};

}  // namespace

PreTokenizer gguf_pre_tokenizer(std::string_view name, const std::string& origin) {
    std::string known;
    for (const Row& row : kRows) {
        known += (known.empty() ? "" : ", ") + std::string(row.name);
        if (row.name != name) continue;
        PreTokenizer result;
        if (row.nfc) result.normalizer = {{"type", "NFC"}};
        Json steps = Json::array();
        for (const char* expression : row.expressions) {
            steps.push_back(split_step(expression));
        }
        steps.push_back(byte_level_step(false, false));
        result.pre_tokenizer = {{"type", "Sequence"}, {"pretokenizers", std::move(steps)}};
        result.ignore_merges = row.ignore_merges;
        result.add_bos = row.add_bos;
        return result;
    }
    fail(ErrorCode::unsupported,
         "{}: pre-tokenizer '{}' (tokenizer.ggml.pre) is not known; known: {}. Bake the model's Hugging Face "
         "folder "
         "instead",
         origin, printable(name), known);
}

}  // namespace ovenbird
