#include "bake/plan_checkpoint.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "bake/source/packed_weight.hpp"
#include "bake/source/printable.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

std::string shape_text(const std::vector<int64_t>& shape) {
    return fmt::format("[{}]", fmt::join(shape, ", "));
}

void check_shape(const SourceTensor& tensor, const RequiredTensor& required, const std::string& origin) {
    std::vector<int64_t> expected{required.columns};
    if (required.role != TensorRole::vector) expected.insert(expected.begin(), required.rows);
    if (tensor.shape == expected) return;
    fail(ErrorCode::invalid_input,
         "{}: the configuration asks for shape {} but the weights have {}; {} does not belong to these "
         "weights",
         tensor.name, shape_text(expected), shape_text(tensor.shape), origin);
}

// "model.layers.0.mlp.up_proj" of "model.layers.0.mlp.up_proj.weight".
std::string_view module_of(std::string_view name) {
    return name.substr(0, name.rfind('.'));
}

// Beside or instead of a module's weight and bias, every method of compression stores something of its own
// (qweight, weight_packed, weight_scale, SCB, absmax), or a weight of another type.
std::string first_compressed(const Checkpoint& checkpoint, const std::vector<RequiredTensor>& required) {
    std::set<std::string_view> names;
    std::set<std::string_view> modules;
    for (const auto& tensor : required) {
        names.insert(tensor.name);
        if (tensor.name.ends_with(".weight")) modules.insert(module_of(tensor.name));
    }
    std::set<std::string> found;
    const auto look_at = [&](const std::string& name, std::string_view why) {
        if (names.contains(name) && why.starts_with("has type")) found.insert(name);
        if (name.ends_with(".weight") || name.ends_with(".bias")) return;
        // bitsandbytes puts names behind names: up_proj.weight.absmax.
        for (auto module = module_of(name); module.find('.') != std::string_view::npos;
             module = module_of(module))
            if (modules.contains(module)) found.insert(name);
    };
    for (const auto& [name, why] : checkpoint.unusable())
        look_at(name, why);
    for (const auto& [name, tensor] : checkpoint.tensors())
        look_at(name, "");
    return found.empty() ? "" : *found.begin();
}

bool same_values(const SourceTensor& one, const SourceTensor& other) {
    if (one.shape != other.shape) return false;
    const bool codes = one.packed != nullptr || other.packed != nullptr;
    if (!codes && one.type == other.type && one.interleaved_heads == other.interleaved_heads &&
        one.interleaved_rows == other.interleaved_rows) {
        return one.bytes.size() == other.bytes.size() &&
               std::memcmp(one.bytes.data(), other.bytes.data(), one.bytes.size()) == 0;
    }
    constexpr int64_t kRows = 64;  // at once: codes that lie transposed are read in bands
    std::vector<float> of_one(static_cast<size_t>(kRows * one.columns()));
    std::vector<float> of_other(of_one.size());
    for (int64_t row = 0; row < one.rows(); row += kRows) {
        const int64_t end = std::min(row + kRows, one.rows());
        read_rows(one, row, end, of_one.data());
        read_rows(other, row, end, of_other.data());
        if (of_one != of_other) return false;
    }
    return true;
}

// What the weights have in place of a tensor that they lack.
std::string instead_of(const Checkpoint& checkpoint, const std::string& missing) {
    constexpr std::string_view kPrefix = "model.";
    const std::string_view end =
        missing.starts_with(kPrefix) ? std::string_view(missing).substr(kPrefix.size()) : missing;
    for (const auto& [name, tensor] : checkpoint.tensors()) {
        if (!name.ends_with(end) || name.size() == end.size() || name[name.size() - end.size() - 1] != '.')
            continue;
        return fmt::format(
            "the weights have {} instead, the language model inside of another one: save that part alone "
            "with transformers and bake it",
            printable(name));
    }
    return "is a shard missing?";
}

// The original checkpoint, where the configuration names it as a hub does.
std::string made_from(const JsonObject& config) {
    const Json& json = config.json();
    const auto found = json.find("_name_or_path");
    if (found == json.end() || !found->is_string()) return "";
    const auto& name = found->get_ref<const std::string&>();
    const bool is_name = std::count(name.begin(), name.end(), '/') == 1 && name.front() != '/' &&
                         name.front() != '.' && name.back() != '/';
    return is_name ? fmt::format(" ({} names {})", config.origin(), printable(name)) : "";
}

}  // namespace

void settle_quantization(BakePlan& plan, const Checkpoint& checkpoint) {
    const JsonObject config(checkpoint.config(), checkpoint.config_origin());
    const char* key = config.has("quantization_config") ? "quantization_config" : "compression_config";
    const auto settings = config.object(key);
    if (!settings) return;
    const std::string method = printable(settings->text_or("quant_method", "of no name"));
    const std::string first = first_compressed(checkpoint, required_tensors(plan.config));
    if (!first.empty()) {
        const auto why = checkpoint.unusable().find(first);
        fail(
            ErrorCode::unsupported,
            "{}: the checkpoint is already quantised ({}, method {}; first tensor: {}{}), in a way that "
            "Ovenbird does not read; bake the original one in bf16 or f16{}, or try --exporter optimum-intel "
            "with a Python that has the method's packages",
            config.origin(), key, method, printable(first),
            why == checkpoint.unusable().end() ? "" : ", which " + why->second, made_from(config));
    }
    const auto& tensors = checkpoint.tensors();
    if (std::any_of(tensors.begin(), tensors.end(),
                    [](const auto& tensor) { return tensor.second.packed != nullptr; }))
        return;  // read, and note_dequantized() tells of it
    plan.notes.push_back(fmt::format(
        "{} (method {}) is left over: every tensor is f32, f16 or bf16, and they are baked as they are", key,
        method));
}

void note_dequantized(const Checkpoint& checkpoint, BakePlan& plan, const BakeOptions& options) {
    std::map<std::string, int> types;
    for (const auto& tensor : plan.tensors)
        if (tensor.source->packed != nullptr || block_layout(tensor.source->type).elements > 1)
            ++types[stored_type_name(*tensor.source)];
    if (types.empty()) return;
    std::string list;
    for (const auto& [type, count] : types)
        list += fmt::format("{}{} tensors in {}", list.empty() ? "" : ", ", count, type);
    const JsonObject config(checkpoint.config(), checkpoint.config_origin());
    plan.notes.push_back(
        options.bits == 16
            ? fmt::format("the checkpoint is compressed ({}): its weights are dequantised and stored as f16",
                          list)
            : fmt::format(
                  "the checkpoint is compressed ({}): its weights are dequantised and compressed anew, so "
                  "they lose twice; the original one{} makes a better bake",
                  list, made_from(config)));
}

void settle_head(BakePlan& plan, const Checkpoint& checkpoint) {
    ModelConfig& config = plan.config;
    const auto& tensors = checkpoint.tensors();
    const auto head = tensors.find(kHeadName);
    const auto table = tensors.find(kEmbeddingName);
    const bool head_there = head != tensors.end() || checkpoint.unusable().contains(kHeadName);
    if (!head_there && !config.tied_embeddings) {
        fail(ErrorCode::invalid_input,
             "{}: tie_word_embeddings is false but the weights have no {}; is a shard missing?",
             checkpoint.config_origin(), kHeadName);
    }
    if (head == tensors.end() || !config.tied_embeddings) return;
    if (table == tensors.end() && !checkpoint.unusable().contains(kEmbeddingName)) {
        auto stand_in = std::make_shared<SourceTensor>(head->second);
        stand_in->name = kEmbeddingName;
        plan.renamed.push_back(std::move(stand_in));
        plan.notes.push_back(
            fmt::format("the weights have {} and no {}: tied, so the head is the table of both", kHeadName,
                        kEmbeddingName));
    } else if (table != tensors.end() && !same_values(head->second, table->second)) {
        config.tied_embeddings = false;
        plan.notes.push_back(fmt::format(
            "the configuration ties {} to the embeddings, but both are stored and differ: they are not "
            "tied, as transformers does",
            kHeadName));
    } else {
        plan.notes.push_back(
            fmt::format("{} is stored twice: it is the embeddings' table, which it is tied to", kHeadName));
    }
}

const SourceTensor& find_tensor(BakePlan& plan, const Checkpoint& checkpoint,
                                const RequiredTensor& required) {
    const std::string& origin = checkpoint.config_origin();
    const SourceTensor* tensor = nullptr;
    for (const auto& renamed : plan.renamed)
        if (renamed->name == required.name) tensor = renamed.get();
    const auto found = checkpoint.tensors().find(required.name);
    if (tensor == nullptr && found != checkpoint.tensors().end()) tensor = &found->second;
    if (tensor != nullptr) {
        check_shape(*tensor, required, origin);
        return *tensor;
    }
    const auto unusable = checkpoint.unusable().find(required.name);
    if (unusable != checkpoint.unusable().end()) {
        fail(ErrorCode::unsupported, "{}: the tensor {} {}", origin, required.name, unusable->second);
    }
    const std::string compressed = first_compressed(checkpoint, {required});
    if (!compressed.empty()) {
        fail(ErrorCode::unsupported,
             "{}: the tensor {} is missing, the weights have {}: they are already quantised; bake the "
             "original checkpoint in bf16 or f16",
             origin, required.name, printable(compressed));
    }
    fail(ErrorCode::invalid_input, "{}: the tensor {} is missing from the weights; {}", origin, required.name,
         instead_of(checkpoint, required.name));
}

namespace {

// Keys, values and their norms of a layer that reads those of another: left over from training.
bool is_of_shared_keys(const ModelConfig& config, const std::string& name) {
    for (int64_t layer = 0; layer < config.layer_count(); ++layer) {
        const std::string prefix = layer_prefix(layer) + "self_attn.";
        if (config.layers[static_cast<size_t>(layer)].keys_of < 0 || !name.starts_with(prefix)) continue;
        return name[prefix.size()] == 'k' || name[prefix.size()] == 'v';
    }
    return false;
}

}  // namespace

void note_unused(const Checkpoint& checkpoint, BakePlan& plan, const std::set<std::string>& used) {
    // Tables and masks that older programs stored; the graph computes them itself.
    constexpr std::array<std::string_view, 5> kInert{"rotary_emb.inv_freq", "position_ids", ".masked_bias",
                                                     ".attn.bias", ".self_attn.bias"};
    const bool lists = rope_factors_name(plan.config.rope) != nullptr;
    std::vector<std::string> unused;
    const auto look_at = [&](const std::string& name) {
        const bool other_list = lists && (name == kShortRopeFactorsName || name == kLongRopeFactorsName);
        const bool inert = std::any_of(kInert.begin(), kInert.end(),
                                       [&](std::string_view end) { return name.ends_with(end); });
        if (!inert && !other_list && name != kHeadName && !used.contains(name) &&
            !is_of_shared_keys(plan.config, name))
            unused.push_back(printable(name));
    };
    for (const auto& [name, tensor] : checkpoint.tensors())
        look_at(name);
    for (const auto& [name, why] : checkpoint.unusable())
        look_at(name);
    if (unused.empty()) return;
    plan.warnings.push_back(
        fmt::format("{} tensors of the checkpoint are not used by {} (first: {}); the result "
                    "may not be the model that you expect",
                    unused.size(), plan.config.model_type, unused.front()));
}

}  // namespace ovenbird
