#include "bake/source/embedder_folder.hpp"

#include <algorithm>
#include <array>

#include "bake/arch/embedder_body.hpp"
#include "bake/source/hf_files.hpp"
#include "bake/source/printable.hpp"
#include "base/error.hpp"
#include "base/platform/files.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostBytes = uint64_t{1} << 20;
constexpr size_t kMostModules = 16;
constexpr int64_t kMostColumns = 1 << 20;

struct Module {
    std::string type;  // "Pooling"
    std::string path;  // "1_Pooling"; empty: the folder itself
};

Json read_object(const fs::path& path) {
    if (!is_file(path))
        fail(ErrorCode::not_found, "{}: the file is missing; download the whole repository",
             printable(path.string()));
    Json json = parse_json(read_file(path, kMostBytes), printable(path.string()));
    if (!json.is_object())
        fail(ErrorCode::invalid_input, "{}: expected a JSON object", printable(path.string()));
    return json;
}

std::optional<Json> read_if_there(const fs::path& path) {
    return is_file(path) ? std::optional(read_object(path)) : std::nullopt;
}

// A module lies in the folder itself or in a folder right below it.
void check_module_path(const std::string& path, const std::string& origin) {
    const bool plain = std::all_of(path.begin(), path.end(), [](char letter) {
        return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_' || letter == '-' ||
               letter == '.';
    });
    if (plain && path != "." && path != "..") return;
    fail(ErrorCode::invalid_input, "{}: '{}' is not the name of a folder inside the model's", origin,
         printable(path));
}

// "Pooling" of "sentence_transformers.models.Pooling", which other versions spell with more parts.
std::string type_of(const std::string& full, const std::string& origin) {
    if (full.starts_with("sentence_transformers.")) return full.substr(full.rfind('.') + 1);
    fail(ErrorCode::unsupported,
         "{}: the module '{}' is code that came with the model, which Ovenbird never runs; it knows "
         "sentence_transformers' own Transformer, Pooling, Dense and Normalize",
         origin, printable(full));
}

std::vector<Module> read_modules(const fs::path& file) {
    const std::string origin = printable(file.string());
    const Json list = parse_json(read_file(file, kMostBytes), origin);
    if (!list.is_array() || list.empty() || list.size() > kMostModules)
        fail(ErrorCode::invalid_input, "{}: expected a list of 1 to {} modules; download it again", origin,
             kMostModules);
    std::vector<Module> modules;
    for (const Json& each : list) {
        const JsonObject object(each, origin);
        modules.push_back({type_of(object.text("type"), origin), object.text_or("path", "")});
        check_module_path(modules.back().path, origin);
    }
    return modules;
}

// The modes that are switched on, as older files (a switch for each) and newer ones (names) tell them.
std::vector<std::string> pooling_modes(const JsonObject& config) {
    std::vector<std::string> modes;
    if (config.has("pooling_mode")) {
        const Json& mode = config.json().at("pooling_mode");
        if (!mode.is_array()) return {config.text("pooling_mode")};
        for (const Json& each : mode)
            modes.push_back(each.is_string() ? each.get<std::string>() : each.dump());
        return modes;
    }
    constexpr std::array<std::pair<const char*, const char*>, 2> kShort{
        {{"cls_token", "cls"}, {"mean_sqrt_len_tokens", "mean_sqrt_len_tokens"}}};
    constexpr std::string_view kSwitch = "pooling_mode_";
    constexpr std::string_view kTokens = "_tokens";
    for (const auto& [key, value] : config.json().items()) {
        if (!key.starts_with(kSwitch) || !config.boolean_or(key, false)) continue;
        std::string name = key.substr(kSwitch.size());
        const auto* known =
            std::find_if(kShort.begin(), kShort.end(), [&](const auto& pair) { return name == pair.first; });
        if (known != kShort.end())
            name = known->second;
        else if (name.ends_with(kTokens))
            name.resize(name.size() - kTokens.size());
        modes.push_back(name);
    }
    return modes.empty() ? std::vector<std::string>{"mean"} : modes;
}

Pooling read_pooling(const fs::path& file) {
    const Json json = read_object(file);
    const JsonObject config(json, printable(file.string()));
    const auto modes = pooling_modes(config);
    const auto pooling = modes.size() == 1 ? find_pooling(modes[0]) : std::nullopt;
    if (!pooling)
        fail(ErrorCode::unsupported,
             "{}: the pooling is {}; known, one at a time: cls, lasttoken, mean, mean_sqrt_len_tokens, max",
             config.origin(), printable(fmt::format("{}", fmt::join(modes, " with "))));
    if (!config.boolean_or("include_prompt", true))
        fail(ErrorCode::unsupported,
             "{}: include_prompt is false: a prompt's tokens would be left out of the pooling, which "
             "Ovenbird's graphs do not do",
             config.origin());
    return *pooling;
}

DenseLayer::Activation read_activation(const JsonObject& config) {
    using Activation = DenseLayer::Activation;
    constexpr std::array<std::pair<std::string_view, Activation>, 4> kKnown{{{"Identity", Activation::none},
                                                                             {"Tanh", Activation::tanh},
                                                                             {"ReLU", Activation::relu},
                                                                             {"GELU", Activation::gelu}}};
    const std::string name = config.text_or("activation_function", "torch.nn.modules.activation.Tanh");
    for (const auto& [known, activation] : kKnown)
        if (name.starts_with("torch.nn.") && name.substr(name.rfind('.') + 1) == known) return activation;
    fail(ErrorCode::unsupported, "{}: activation_function is '{}'; known: torch's Identity, Tanh, ReLU, GELU",
         config.origin(), printable(name));
}

DenseLayer read_dense(const fs::path& folder, const std::string& name) {
    const fs::path file = folder / name / "config.json";
    const Json json = read_object(file);
    const JsonObject config(json, printable(file.string()));
    DenseLayer dense;
    dense.name = name;
    dense.inputs = config.integer_in("in_features", 1, kMostColumns);
    dense.outputs = config.integer_in("out_features", 1, kMostColumns);
    dense.bias = config.boolean_or("bias", true);
    dense.activation = read_activation(config);
    for (const char* key : {"module_input_name", "module_output_name"}) {
        const auto what = config.text_or(key, "sentence_embedding");
        if (what != "sentence_embedding")
            fail(ErrorCode::unsupported, "{}: {} is '{}'; a Dense layer is known behind the pooling only",
                 config.origin(), key, printable(what));
    }
    return dense;
}

[[noreturn]] void fail_order(const Module& module, const std::string& origin) {
    fail(
        ErrorCode::unsupported,
        "{}: the module {} is not known at its place; known, in this order: Transformer, Pooling, Dense (any "
        "number), Normalize",
        origin, printable(module.type));
}

// A classifier's or a reranker's encoder is none that embeds.
bool has_other_task(const Json& config) {
    const auto names = config.find("architectures");
    if (names == config.end() || !names->is_array()) return false;
    return std::any_of(names->begin(), names->end(), [](const Json& name) {
        const auto text = name.is_string() ? name.get<std::string>() : std::string();
        return text.find("For") != std::string::npos && text.find("ForMaskedLM") == std::string::npos &&
               text.find("ForPreTraining") == std::string::npos;
    });
}

EmbedderModules follow(const std::vector<Module>& modules, const fs::path& folder,
                       const std::string& origin) {
    EmbedderModules found;
    const auto at = [&](size_t i) { return i < modules.size() ? modules[i].type : std::string(); };
    if (at(0) != "Transformer" || !modules[0].path.empty()) fail_order(modules[0], origin);
    if (modules.size() < 2)
        fail(ErrorCode::unsupported, "{}: no Pooling follows the Transformer: what makes one vector of rows?",
             origin);
    if (at(1) != "Pooling" || modules[1].path.empty()) fail_order(modules[1], origin);
    found.pooling = read_pooling(folder / modules[1].path / "config.json");
    size_t next = 2;
    for (; at(next) == "Dense" && !modules[next].path.empty(); ++next)
        found.dense.push_back(read_dense(folder, modules[next].path));
    if (at(next) == "Normalize") {
        found.normalize = true;
        ++next;
    }
    if (next < modules.size()) fail_order(modules[next], origin);
    return found;
}

// do_lower_case counts beside a tokenizer that does not do it itself.
void check_lower_case(const fs::path& folder, const JsonObject& config) {
    if (!config.boolean_or("do_lower_case", false)) return;
    const auto tokenizer = is_file(folder / "tokenizer.json")
                               ? read_file(folder / "tokenizer.json", uint64_t{512} << 20)
                               : std::string();
    const std::string_view head = std::string_view(tokenizer).substr(0, tokenizer.find("\"model\""));
    const bool lowers = head.find("\"Lowercase\"") != std::string_view::npos ||
                        head.find("\"lowercase\": true") != std::string_view::npos ||
                        head.find("\"lowercase\":true") != std::string_view::npos;
    if (lowers) return;
    fail(ErrorCode::unsupported,
         "{}: do_lower_case is true and tokenizer.json does not lower-case; put a Lowercase normalizer there",
         config.origin());
}

void read_limits(const fs::path& folder, EmbedderModules& modules) {
    for (const char* name : {"sentence_bert_config.json", "sentence_roberta_config.json",
                             "sentence_distilbert_config.json", "sentence_xlm-roberta_config.json"}) {
        const auto json = read_if_there(folder / name);
        if (!json) continue;
        const JsonObject config(*json, printable((folder / name).string()));
        if (config.has("max_seq_length"))
            modules.max_tokens = config.integer_in("max_seq_length", 1, int64_t{1} << 40);
        check_lower_case(folder, config);
        return;
    }
}

void read_prompts(const fs::path& folder, EmbedderModules& modules) {
    constexpr const char* kName = "config_sentence_transformers.json";
    const auto json = read_if_there(folder / kName);
    if (!json) return;
    const JsonObject config(*json, printable((folder / kName).string()));
    if (const auto prompts = config.object("prompts")) {
        for (const auto& [name, text] : prompts->json().items())
            modules.prompts[name] = prompts->text_or(name, "");
    }
    modules.default_prompt = config.text_or("default_prompt_name", "");
    modules.similarity = config.text_or("similarity_fn_name", "");
    if (modules.default_prompt.empty() || modules.prompts.contains(modules.default_prompt)) return;
    fail(ErrorCode::invalid_input, "{}: default_prompt_name is '{}', and prompts has no such name",
         config.origin(), printable(modules.default_prompt));
}

}  // namespace

std::optional<EmbedderModules> read_embedder(const fs::path& folder, const Json& config,
                                             std::vector<std::string>& warnings) {
    const fs::path file = folder / "modules.json";
    EmbedderModules modules;
    if (is_file(file)) {
        modules = follow(read_modules(file), folder, printable(file.string()));
    } else if (fs::is_directory(folder / "1_Pooling")) {
        fail(ErrorCode::not_found,
             "'{}' has 1_Pooling, as an embedder of sentence-transformers has, but no modules.json; download "
             "the whole repository",
             printable(folder.string()));
    } else if (is_encoder(config) && !has_other_task(config)) {
        warnings.emplace_back(
            "no modules.json says how rows become a vector: their mean is taken, not normalised, as "
            "sentence-transformers does; if the model wants another pooling, write that file");
    } else {
        return std::nullopt;
    }
    read_limits(folder, modules);
    read_prompts(folder, modules);
    return modules;
}

}  // namespace ovenbird
