#include "bake/source/gguf_config.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "bake/source/gguf_rope.hpp"
#include "bake/source/printable.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

// Keys that change the arithmetic in ways the graphs of the known architectures do not have; 0 means "not
// used".
constexpr const char* kForeignKeys[] = {
    "expert_count",
    "attention.scale",
    "attention.sliding_window",
    "attention.clamp_kqv",
    "attention.max_alibi_bias",
    "attention.temperature_scale",
    "attention.temperature_length",
    "attn_logit_softcapping",
    "final_logit_softcapping",
    "logit_scale",
    "residual_scale",
    "embedding_scale",
};

class ConfigMaker {
public:
    ConfigMaker(const GgufHeader& header, const GgufArchitecture& architecture)
        : header_(header), metadata_(header.metadata), architecture_(architecture) {}

    Json make();

private:
    std::string key(const char* name) const { return std::string(architecture_.name) + "." + name; }
    const StoredTensor* tensor(std::string_view name) const;
    bool has_layer_tensor(const char* module_and_kind) const {
        return tensor(std::string("blk.0.") + module_and_kind);
    }
    void refuse_embedders() const;
    void refuse_foreign_features() const;
    std::optional<int64_t> layer_integer(const char* name) const;
    int64_t required_layer_integer(const char* name) const {
        const auto value = layer_integer(name);
        return value ? *value : metadata_.required_integer(key(name));
    }
    int64_t head_size(int64_t hidden, int64_t heads) const;
    bool add_layers_without_attention(Json& config) const;
    void add_part_of_heads(Json& config) const;
    void add_sizes(Json& config) const;
    void add_rope(Json& config) const;
    void add_biases(Json& config) const;
    void add_own_keys(Json& config) const;
    void add_special_ids(Json& config) const;

    const GgufHeader& header_;
    const GgufMetadata& metadata_;
    const GgufArchitecture& architecture_;
};

const StoredTensor* ConfigMaker::tensor(std::string_view name) const {
    const auto found = std::find_if(header_.tensors.begin(), header_.tensors.end(),
                                    [&](const StoredTensor& entry) { return entry.name == name; });
    return found == header_.tensors.end() ? nullptr : &*found;
}

// llama.cpp's pooling types: 0 is none, 4 a ranking head, the others make one vector of a text.
void ConfigMaker::refuse_embedders() const {
    const int64_t pooling = metadata_.integer(key("pooling_type")).value_or(0);
    if (pooling <= 0) return;
    fail(
        ErrorCode::unsupported,
        "{}: metadata {} is {}: the model {}, it does not write text. Ovenbird bakes causal language models; "
        "take the file of one",
        metadata_.origin(), key("pooling_type"), pooling,
        pooling == 4 ? "ranks texts (a reranker)" : "turns a text into one vector (an embedder)");
}

void ConfigMaker::refuse_foreign_features() const {
    for (const char* name : kForeignKeys) {
        const auto is_name = [&](const GgufKey& own) { return std::string_view(own.gguf) == name; };
        if (std::any_of(architecture_.keys.begin(), architecture_.keys.end(), is_name)) continue;
        const double value = metadata_.number(key(name)).value_or(0);
        const std::string_view spelled(name);
        const bool factor = spelled.ends_with("_scale") || spelled.ends_with("_factor");
        if (value == 0 || (value == 1 && factor)) continue;
        fail(ErrorCode::unsupported, "{}: metadata {} is {}, a feature that Ovenbird's {} does not have",
             metadata_.origin(), key(name), value, architecture_.name);
    }
}

// Some converters write a number a layer where all are the same.
std::optional<int64_t> ConfigMaker::layer_integer(const char* name) const {
    const GgufIntegers* list = metadata_.is_list(key(name)) ? metadata_.integers(key(name)) : nullptr;
    if (list == nullptr) return metadata_.integer(key(name));
    const auto other =
        std::find_if(list->begin(), list->end(), [&](int64_t value) { return value != list->front(); });
    if (list->empty() || other != list->end()) {
        fail(
            ErrorCode::unsupported,
            "{}: metadata {} differs from layer to layer (0 is a layer without attention); Ovenbird's {} has "
            "layers of one size",
            metadata_.origin(), key(name), architecture_.name);
    }
    return list->front();
}

int64_t ConfigMaker::head_size(int64_t hidden, int64_t heads) const {
    const auto rotated_size = metadata_.integer(key("rope.dimension_count"));
    const auto key_size = metadata_.integer(key("attention.key_length"));
    const auto value_size = metadata_.integer(key("attention.value_length"));
    const int64_t size = key_size.value_or(heads > 0 ? hidden / heads : 0);
    // Where a converter interleaves whole heads, the rows of a part are in another order than transformers'.
    const int64_t rotated = rotated_size.value_or(size);
    const bool whole = rotated == size;
    const bool orders_parts = !architecture_.interleaves_heads || architecture_.interleaves_parts;
    const bool part = orders_parts && rotated > 0 && rotated < size;
    if (value_size.value_or(size) != size || !(whole || part)) {
        fail(ErrorCode::unsupported,
             "{}: heads of {} for keys, {} for values, {} of them rotated; Ovenbird needs one size for all "
             "three",
             metadata_.origin(), size, value_size.value_or(size), rotated);
    }
    return size;
}

// A list of key heads whose zeros are layers of another kind; false where there is none.
bool ConfigMaker::add_layers_without_attention(Json& config) const {
    const std::string name = key("attention.head_count_kv");
    if (architecture_.without_attention == nullptr || !metadata_.is_list(name)) return false;
    const GgufIntegers* list = metadata_.integers(name);
    const auto heads = std::find_if(list->begin(), list->end(), [](int64_t value) { return value != 0; });
    const auto other = std::find_if(list->begin(), list->end(),
                                    [&](int64_t value) { return value != 0 && value != *heads; });
    if (heads == list->end() || other != list->end()) {
        fail(ErrorCode::unsupported,
             "{}: metadata {} must have one number of heads, and 0 for layers without", metadata_.origin(),
             name);
    }
    config["num_key_value_heads"] = *heads;
    Json types = Json::array();
    for (const int64_t value : *list)
        types.push_back(value == 0 ? architecture_.without_attention : "full_attention");
    config["layer_types"] = std::move(types);
    return true;
}

// So that the part of a head, cut to a whole number, is what the file says.
void ConfigMaker::add_part_of_heads(Json& config) const {
    const auto size = config["head_dim"].get<double>();
    const auto rotated = static_cast<double>(
        metadata_.integer(key("rope.dimension_count")).value_or(config["head_dim"].get<int64_t>()));
    if (rotated == size) return;
    double part = rotated / size;
    while (part * size < rotated)
        part = std::nextafter(part, 1.0);
    config["partial_rotary_factor"] = part;
}

void ConfigMaker::add_sizes(Json& config) const {
    const int64_t hidden = metadata_.required_integer(key("embedding_length"));
    const int64_t heads = required_layer_integer("attention.head_count");
    config["hidden_size"] = hidden;
    config["intermediate_size"] = required_layer_integer("feed_forward_length");
    config["num_hidden_layers"] = metadata_.required_integer(key("block_count"));
    config["num_attention_heads"] = heads;
    if (!add_layers_without_attention(config))
        config["num_key_value_heads"] = layer_integer("attention.head_count_kv").value_or(heads);
    config["head_dim"] = head_size(hidden, heads);
    add_part_of_heads(config);
    config["max_position_embeddings"] = metadata_.required_integer(key("context_length"));
    constexpr std::string_view kOtherEpsilon = "attention.layer_norm_epsilon";
    const auto& own = architecture_.keys;
    if (std::none_of(own.begin(), own.end(), [&](const GgufKey& row) { return row.gguf == kOtherEpsilon; }))
        config["rms_norm_eps"] = metadata_.required_number(key("attention.layer_norm_rms_epsilon"));
    // The table's own size: some files pad it beyond the tokens, and vocab_size is not always written.
    const StoredTensor* table = tensor("token_embd.weight");
    if (table == nullptr || table->shape.size() != 2) {
        fail(ErrorCode::invalid_input,
             "{}: tensor token_embd.weight with two axes is missing; is the file complete?",
             metadata_.origin());
    }
    config["vocab_size"] = table->shape[0];
    config["tie_word_embeddings"] = tensor("output.weight") == nullptr;
}

void ConfigMaker::add_rope(Json& config) const {
    config["rope_theta"] = metadata_.number(key("rope.freq_base")).value_or(10000.0);
    const auto has = [&](const char* name) { return tensor(name) != nullptr; };
    Json scaling = gguf_rope_scaling(
        metadata_, architecture_.name,
        {.freqs = has("rope_freqs.weight"),
         .both_lists = has("rope_factors_short.weight") && has("rope_factors_long.weight")});
    if (!scaling.is_null()) config["rope_scaling"] = std::move(scaling);
}

// transformers has one switch for the attention projections and one for those of the MLP.
void ConfigMaker::add_biases(Json& config) const {
    const GgufBiases kind = architecture_.biases;
    if (kind == GgufBiases::fixed) return;
    const auto count = [&](std::initializer_list<const char*> modules) {
        return std::count_if(modules.begin(), modules.end(), [&](const char* module) {
            return has_layer_tensor((std::string(module) + ".bias").c_str());
        });
    };
    const auto attention =
        count({"attn_q", "attn_k", "attn_v", "attn_output"}) + (has_layer_tensor("attn_qkv.bias") ? 3 : 0);
    const auto mlp = count({"ffn_gate", "ffn_up", "ffn_down"});
    const int all_of_attention = kind == GgufBiases::query_key_value ? 3 : 4;
    const int all_of_mlp = has_layer_tensor("ffn_gate.weight") ? 3 : 2;
    if ((attention != 0 && attention != all_of_attention) || (mlp != 0 && mlp != all_of_mlp)) {
        fail(
            ErrorCode::unsupported,
            "{}: {} of {} attention biases and {} of {} MLP biases in layer 0; Ovenbird's {} has all or none",
            metadata_.origin(), attention, all_of_attention, mlp, all_of_mlp, architecture_.name);
    }
    const bool with_mlp = kind == GgufBiases::attention_and_mlp;
    if ((attention != 0 && kind == GgufBiases::none) || (mlp != 0 && !with_mlp)) {
        fail(ErrorCode::unsupported,
             "{}: layer 0 has {} attention and {} MLP biases, which Ovenbird's {} has not",
             metadata_.origin(), attention, mlp, architecture_.name);
    }
    if (kind != GgufBiases::none) config["attention_bias"] = attention != 0;
    if (with_mlp) config["mlp_bias"] = mlp != 0;
}

void ConfigMaker::add_own_keys(Json& config) const {
    for (const GgufKey& own : architecture_.keys) {
        if (own.kind == GgufKey::Kind::has_tensor || own.kind == GgufKey::Kind::lacks_tensor) {
            config[own.config] = has_layer_tensor(own.gguf) == (own.kind == GgufKey::Kind::has_tensor);
            continue;
        }
        const std::string name = key(own.gguf);
        if (own.kind == GgufKey::Kind::boolean) {
            if (const auto flag = metadata_.boolean(name)) config[own.config] = *flag;
            continue;
        }
        const double value = metadata_.number(name).value_or(0);
        if (value == 0) continue;
        if (own.kind == GgufKey::Kind::integer) {
            config[own.config] = metadata_.required_integer(name);
        } else {
            config[own.config] = value;
        }
    }
}

void ConfigMaker::add_special_ids(Json& config) const {
    const std::pair<const char*, const char*> ids[] = {{"bos_token_id", "tokenizer.ggml.bos_token_id"},
                                                       {"eos_token_id", "tokenizer.ggml.eos_token_id"},
                                                       {"pad_token_id", "tokenizer.ggml.padding_token_id"}};
    for (const auto& [name, source] : ids) {
        if (const auto id = metadata_.integer(source)) config[name] = *id;
    }
}

Json ConfigMaker::make() {
    refuse_embedders();
    refuse_foreign_features();
    Json config;
    config["model_type"] = architecture_.model_type;
    config["hidden_act"] = "silu";
    add_sizes(config);
    add_rope(config);
    add_biases(config);
    add_own_keys(config);
    add_special_ids(config);
    if (architecture_.complete != nullptr) architecture_.complete(config, metadata_.origin());
    return config;
}

}  // namespace

Json make_gguf_config(const GgufHeader& header, const GgufArchitecture& architecture) {
    return ConfigMaker(header, architecture).make();
}

}  // namespace ovenbird
