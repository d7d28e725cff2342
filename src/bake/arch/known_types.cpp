#include "bake/arch/known_types.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace ovenbird {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 32> kExperts{
    "afmoe",          "aria_text",    "dbrx",        "deepseek_v2",      "deepseek_v3",
    "dots1",          "ernie4_5_moe", "exaone_moe",  "flex_olmo",        "glm4_moe",
    "glm4_moe_lite",  "glm_moe_dsa",  "gpt_oss",     "granitemoe",       "granitemoeshared",
    "hunyuan_v1_moe", "jetmoe",       "lfm2_moe",    "llama4",           "llama4_text",
    "longcat_flash",  "minimax",      "minimax_m2",  "mixtral",          "olmoe",
    "phimoe",         "qwen2_moe",    "qwen3_5_moe", "qwen3_5_moe_text", "qwen3_moe",
    "qwen3_next",     "solar_open",
};
constexpr std::array<std::string_view, 14> kOtherStates{
    "bamba",       "falcon_h1",       "falcon_mamba", "jamba", "mamba", "mamba2", "nemotron_h",
    "olmo_hybrid", "recurrent_gemma", "rwkv",         "xlstm", "zamba", "zamba2", "minicpm_sala",
};
constexpr std::array<std::string_view, 12> kSeeing{
    "gemma3n",   "idefics3",        "internvl",   "llava",    "llava_next", "mllama",
    "paligemma", "phi4_multimodal", "qwen2_5_vl", "qwen2_vl", "qwen3_vl",   "smolvlm",
};
constexpr std::array<std::string_view, 12> kReading{
    "albert", "bert",       "camembert", "deberta-v2", "distilbert", "electra",
    "ernie",  "modernbert", "mpnet",     "nomic_bert", "roberta",    "xlm-roberta",
};
constexpr std::array<std::string_view, 9> kTwoParts{
    "bart", "blenderbot", "marian", "mbart", "mt5", "pegasus", "t5", "t5gemma", "whisper",
};

struct Kind {
    Names names;
    const char* why;
};
constexpr std::array kKinds{
    Kind{kExperts, "it is a mixture of experts, whose choice of weights for each token no static graph has"},
    Kind{kOtherStates, "its layers keep another state than keys and values (a recurrence or a convolution)"},
    Kind{kSeeing, "it sees or hears besides reading; its language model alone may be one that is baked"},
    Kind{kReading, "it reads a text as a whole and writes none (an encoder)"},
    Kind{kTwoParts, "it has an encoder and a decoder"},
};

}  // namespace

std::string why_not_baked(std::string_view model_type) {
    for (const Kind& kind : kKinds)
        if (std::find(kind.names.begin(), kind.names.end(), model_type) != kind.names.end()) return kind.why;
    return "";
}

}  // namespace ovenbird
