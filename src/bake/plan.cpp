#include "bake/plan.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "bake/arch/architecture.hpp"
#include "bake/arch/rope_config.hpp"
#include "bake/arch/tasks.hpp"
#include "bake/plan_calibration.hpp"
#include "bake/plan_checkpoint.hpp"
#include "bake/plan_graphs.hpp"
#include "bake/plan_matrix.hpp"
#include "bake/sensitivity.hpp"
#include "base/error.hpp"
#include "model/baked_folder.hpp"

namespace ovenbird {
namespace {

// Tensors whose weights, scales and zero points lie behind each other's: joint projections, so that a graph
// may take them for one matrix, and single tensors.
std::vector<std::vector<PlannedTensor*>> neighbours(BakePlan& plan) {
    std::map<std::string, std::string> joint;  // the parts of a joint projection, and what they share
    for (int64_t layer = 0; layer < plan.config.layer_count(); ++layer) {
        for (const auto& projection : {joint_attention(layer), joint_mlp(layer)}) {
            for (const char* kind : {".weight", ".bias"}) {
                for (const auto& part : projection.parts)
                    joint[projection.prefix + part + kind] = projection.prefix + kind;
            }
        }
    }
    std::vector<std::vector<PlannedTensor*>> sets;
    std::map<std::string, size_t> open;
    for (auto& tensor : plan.tensors) {
        const std::string& name = tensor.source->name;
        const auto shared = joint.find(name);
        const auto [set, is_new] = open.emplace(shared == joint.end() ? name : shared->second, sets.size());
        if (is_new) sets.emplace_back();
        sets[set->second].push_back(&tensor);
    }
    return sets;
}

// Said before the user waits: what a form costs on an NPU (docs/npu.md, "Which weights stay INT4").
void note_groups(BakePlan& plan) {
    const bool grouped = std::any_of(
        plan.tensors.begin(), plan.tensors.end(),
        [](const PlannedTensor& tensor) { return is_int4(tensor) && tensor.format.group_size != 0; });
    if (!grouped) return;
    plan.notes.emplace_back(
        "NPU compilers turn INT4 groups into f16, more than twice the size; --group-size -1 stays INT4 "
        "there");
}

// Why no rotation passes the stream's norms; null: one does. Weights of a norm behind attention or MLP stay
// between the product and the stream; a mean is one of the columns as they are.
const char* why_not_rotated(const ModelConfig& config) {
    if (config.norms_behind) return "norms behind attention and MLP, which a rotated stream does not pass";
    if (config.norm == NormKind::layer)
        return "norms that subtract the mean, which a rotated stream does not have";
    return config.why_not_apart();
}

void refuse_rotation(BakePlan& plan, const BakeOptions& options, const char* why) {
    if (options.rotate == "on") {
        fail(ErrorCode::unsupported, "--rotate on: {} has {}; bake it with --rotate off",
             plan.config.model_type, why);
    }
    plan.notes.push_back(fmt::format("nothing is rotated: {} has {}", plan.config.model_type, why));
}

// Rotations, and what must come along: a table that is also the head sees a rotated stream at both ends,
// which one small product in front of the head undoes.
void plan_exact_changes(BakePlan& plan, const BakeOptions& options) {
    const bool wanted = options.rotate == "auto" ? plan.calibration.has_value() : options.rotate == "on";
    if (!wanted) return;
    if (const char* why = why_not_rotated(plan.config)) return refuse_rotation(plan, options, why);
    plan.exact = std::make_shared<ExactChanges>(plan.config, options.seed);
    if (plan.exact->mixes_head()) {
        auto mix = std::make_shared<SourceTensor>();
        mix->name = kHeadMixName;
        mix->shape = {plan.config.hidden_size, plan.config.hidden_size};
        const RequiredTensor required{kHeadMixName, TensorRole::linear, mix->shape[0], mix->shape[1]};
        plan.tensors.push_back(plan_tensor(*mix, required, Store::f16));
        plan.renamed.push_back(std::move(mix));
    }
    std::map<std::string, const SourceTensor*> by_name;
    for (const auto& tensor : plan.tensors)
        by_name[tensor.source->name] = tensor.source;
    for (auto& tensor : plan.tensors) {
        tensor.change = plan.exact->change_of(
            tensor.source->name,
            [&](const std::string& name) -> const SourceTensor& { return *by_name.at(name); });
    }
}

void mark_calibrated(BakePlan& plan) {
    if (!plan.calibration) return;
    for (auto& tensor : plan.tensors)
        tensor.calibrated = is_int4(tensor);
}

// What a layer reads besides the stream, which no graph of one layer takes as an input yet; null: nothing.
const char* why_not_folded(const ModelConfig& config) {
    if (config.layer_input.size > 0) return "layers that read rows of a table of their own for each token";
    const bool shares = std::any_of(config.layers.begin(), config.layers.end(),
                                    [](const LayerConfig& layer) { return layer.keys_of >= 0; });
    return shares ? "layers that read the keys and values of others" : nullptr;
}

// The forms that such a model has: options without the others, or a refusal of what was asked for by name.
BakeOptions with_known_forms(const BakeOptions& options, BakePlan& plan) {
    BakeOptions known = options;
    const ModelConfig& config = plan.config;
    if (config.layer_input.size > 0 && options.embedding == "host") {
        fail(ErrorCode::unsupported,
             "--embedding host: {} has layers that read rows of a table of their own for each token, which "
             "the "
             "host does not look up yet; bake it with --embedding device",
             config.model_type);
    }
    const char* why = why_not_folded(config);
    if (why == nullptr || options.form == "whole") return known;
    if (options.form == "folded") {
        fail(ErrorCode::unsupported,
             "--form folded: {} has {}, which one graph of a layer does not take yet; "
             "bake it with --form whole",
             config.model_type, why);
    }
    plan.notes.push_back(fmt::format(
        "no folded form: {} has {}, which one graph of a layer does not take yet", config.model_type, why));
    known.form = "whole";
    return known;
}

}  // namespace

void read_planned(const PlannedTensor& tensor, int64_t begin, int64_t end, float* out) {
    read_changed(*tensor.source, tensor.change, begin, end, tensor.columns, out);
}

void place_tensors(BakePlan& plan) {
    uint64_t end = 0;
    const auto place = [&](ByteRange& range, uint64_t bytes) {
        if (bytes == 0) return;
        range = {end, bytes};
        end = aligned(end + bytes);
    };
    for (const auto& set : neighbours(plan)) {
        std::vector<QuantLayout> layouts;
        for (auto* tensor : set) {
            const auto elements =
                static_cast<uint64_t>(tensor->rows) * static_cast<uint64_t>(tensor->columns);
            if (tensor->store == Store::quantized) {
                layouts.push_back(quant_layout(tensor->format, tensor->rows, tensor->columns));
            } else {
                layouts.push_back({0, elements * (tensor->store == Store::f16 ? 2 : 4), 0, 0});
            }
            place(tensor->weights, layouts.back().weight_bytes);
            plan.source_bytes += tensor->source->bytes.size();
        }
        for (size_t i = 0; i < set.size(); ++i)
            place(set[i]->scales, layouts[i].scale_bytes);
        for (size_t i = 0; i < set.size(); ++i)
            place(set[i]->zero_points, layouts[i].zero_point_bytes);
    }
    plan.tensor_bytes = end;
}

BakePlan make_plan(const Checkpoint& checkpoint, const BakeOptions& options) {
    BakePlan plan;
    const JsonObject config(checkpoint.config(), checkpoint.config_origin());
    const std::string task_note = check_task(config, checkpoint.tensors().contains(kHeadName));
    plan.config = read_model_config(checkpoint.config(), checkpoint.config_origin());
    const int64_t positions = reachable_positions(plan.config);
    plan.forms = plan_forms(with_known_forms(options, plan), positions, true);
    plan.config.rope.sequence = std::max(options.seq_len, plan.forms.context);
    if (plan.config.local_rope) plan.config.local_rope->sequence = plan.config.rope.sequence;
    settle_quantization(plan, checkpoint);
    settle_head(plan, checkpoint);
    const bool splits_head = give_head_its_own(plan, checkpoint, options);
    plan.notes.insert(plan.notes.begin(), checkpoint.notes().begin(), checkpoint.notes().end());
    plan.warnings = checkpoint.warnings();
    for (const auto& note : {task_note, rope_note(plan.config.rope)})
        if (!note.empty()) plan.notes.push_back(note);
    if (options.seq_len > positions) {
        plan.warnings.push_back(fmt::format("--seq-len {} is more than the {} positions the model was {} for",
                                            options.seq_len, positions,
                                            positions > plan.config.max_positions ? "stretched" : "trained"));
    }
    std::set<std::string> used;
    std::map<std::string, int> group_notes;
    for (const auto& required : required_tensors(plan.config)) {
        const SourceTensor& source = find_tensor(plan, checkpoint, required);
        used.insert(required.name);
        if (required.role == TensorRole::vector || required.role == TensorRole::channels) {
            plan.tensors.push_back(plan_tensor(source, required, Store::f32));
        } else {
            plan.tensors.push_back(plan_matrix(source, required, options, group_notes));
        }
    }
    for (const auto& [text, count] : group_notes)
        plan.notes.push_back(fmt::format("{} ({} tensors)", text, count));
    plan.calibration = plan_calibration(plan, options);
    plan_exact_changes(plan, options);
    note_dequantized(checkpoint, plan, options);
    note_groups(plan);
    if (options.bits == 4 && options.ratio < 1.0) keep_sensitive_in_int8(plan, options.ratio);
    note_unused(checkpoint, plan, used);
    mark_calibrated(plan);
    place_tensors(plan);
    note_head(plan, splits_head);
    if (options.context > 0 && plan.forms.context == 0) plan.notes.push_back(too_few_positions(positions));
    plan.int4_constants =
        static_cast<size_t>(std::count_if(plan.tensors.begin(), plan.tensors.end(), is_int4));
    measure_graphs(plan, options);
    plan_costs(plan, options);
    return plan;
}

}  // namespace ovenbird
