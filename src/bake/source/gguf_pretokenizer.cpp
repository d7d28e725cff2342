#include <array>
#include <span>

#include "bake/source/gguf_vocabulary.hpp"
#include "bake/source/printable.hpp"
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
            steps.push_back({{"type", "Split"},
                             {"pattern", {{"Regex", expression}}},
                             {"behavior", "Isolated"},
                             {"invert", false}});
        }
        steps.push_back({{"type", "ByteLevel"},
                         {"add_prefix_space", false},
                         {"trim_offsets", true},
                         {"use_regex", false}});
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
