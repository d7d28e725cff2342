#include "bake/arch/tasks.hpp"

#include <array>
#include <string_view>

#include "base/error.hpp"

namespace ovenbird {
namespace {

struct Task {
    std::string_view in_name;
    const char* what;
};

// By a part of the class's name. The first that fits is the reason.
constexpr std::array kTasks{
    Task{"ForSequenceClassification", "labels or scores a whole text (a classifier or reranker)"},
    Task{"ForTokenClassification", "labels each token (a classifier or process reward model)"},
    Task{"ForQuestionAnswering", "marks an answer in a text"},
    Task{"ForMultipleChoice", "chooses among answers"},
    Task{"RewardModel", "scores answers (a reward model)"},
    Task{"ForScore", "scores answers (a reward model)"},
    Task{"ForMaskedLM", "fills gaps in a text"},
    Task{"Embedding", "turns a text into one vector (an embedder)"},
    Task{"ForTextEncoding", "turns a text into one vector (an embedder)"},
};

[[noreturn]] void refuse(const JsonObject& config, const std::string& name, const char* what) {
    fail(ErrorCode::unsupported,
         "{}: the architecture {} {}, it does not write text. Ovenbird bakes causal language models "
         "(…ForCausalLM): take the one that this was made from",
         config.origin(), name, what);
}

}  // namespace

std::string check_task(const JsonObject& config, bool has_head) {
    if (!config.has("architectures")) return "";
    const Json& names = config.array("architectures");
    std::string bare;
    for (const Json& each : names) {
        if (!each.is_string()) continue;
        const auto name = each.get<std::string>();
        if (name.find("ForCausalLM") != std::string::npos || name.ends_with("LMHeadModel")) return "";
        for (const Task& task : kTasks)
            if (name.find(task.in_name) != std::string::npos) refuse(config, name, task.what);
        if (name.ends_with("Model")) bare = name;
    }
    if (bare.empty()) return "";
    if (!has_head)
        refuse(config, bare, "is a decoder without a head (an embedder, or a part of a larger model)");
    return fmt::format(
        "architectures names {}, a decoder without a head, but the weights have one: it is baked", bare);
}

}  // namespace ovenbird
