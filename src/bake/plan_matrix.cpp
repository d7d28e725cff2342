#include "bake/plan_matrix.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ovenbird {
namespace {

// NPUs 5010 and 6010 refuse INT4 rows that do not fill whole groups of 16 bytes
// (MultiClusterStrategyAssignment): the output projection of an odd number of heads of 80, say.
void use_int8_for_odd_rows(PlannedTensor& planned, std::map<std::string, int>& group_notes) {
    constexpr int64_t kColumnsOfSixteenBytes = 32;
    constexpr int64_t kFewColumns = 128;  // up to here, and a little further, all is well
    const bool per_channel_int4 = planned.format.bits == 4 && planned.format.group_size == 0;
    if (!per_channel_int4 || planned.columns <= kFewColumns || planned.columns % kColumnsOfSixteenBytes == 0)
        return;
    planned.format.bits = 8;
    ++group_notes[fmt::format(
        "INT8 instead of INT4 for rows of {} columns, which some NPUs refuse (not a multiple of {})",
        planned.columns, kColumnsOfSixteenBytes)];
}

// Tables and heads of 8 bits are symmetric whatever the layers are.
QuantFormat first_format(TensorRole role, const BakeOptions& options) {
    if (role == TensorRole::linear || (role == TensorRole::head && options.head_bits == 4))
        return {.bits = options.bits, .symmetric = options.symmetric, .group_size = 0};
    return {.bits = 8, .symmetric = true, .group_size = 0};
}

uint64_t bytes_of(const QuantFormat& format, const PlannedTensor& tensor) {
    const auto layout = quant_layout(format, tensor.rows, tensor.columns);
    return layout.weight_bytes + layout.scale_bytes + layout.zero_point_bytes;
}

}  // namespace

PlannedTensor plan_tensor(const SourceTensor& source, const RequiredTensor& required, Store store) {
    PlannedTensor planned;
    planned.source = &source;
    planned.role = required.role;
    planned.store = store;
    planned.rows = required.rows;
    planned.columns = required.columns;
    return planned;
}

PlannedTensor plan_matrix(const SourceTensor& source, const RequiredTensor& required,
                          const BakeOptions& options, std::map<std::string, int>& group_notes) {
    PlannedTensor planned = plan_tensor(source, required, Store::quantized);
    if (options.bits == 16) {
        planned.store = Store::f16;
        return planned;
    }
    planned.format = first_format(required.role, options);
    if (planned.format.bits == 4 && required.columns % 2 != 0) {
        planned.format.bits = 8;
        ++group_notes[fmt::format("INT8 instead of INT4 for rows of {} (odd)", required.columns)];
    }
    if (planned.format.bits == 8 || options.group_size == -1) {
        use_int8_for_odd_rows(planned, group_notes);
        return planned;
    }
    planned.format.group_size = fitting_group_size(required.columns, options.group_size);
    if (planned.format.group_size != options.group_size) {
        const auto got = planned.format.group_size == 0
                             ? std::string("one scale per channel")
                             : fmt::format("groups of {}", planned.format.group_size);
        ++group_notes[fmt::format("{} instead of {} for rows of {} columns, which {} does not divide", got,
                                  options.group_size, required.columns, options.group_size)];
    }
    if (planned.format.group_size == required.columns)
        planned.format.group_size = 0;  // the same thing, simpler
    use_int8_for_odd_rows(planned, group_notes);
    return planned;
}

bool give_head_its_own(BakePlan& plan, const Checkpoint& checkpoint, const BakeOptions& options) {
    ModelConfig& config = plan.config;
    if (options.head_bits == 8 || !config.tied_embeddings) return false;
    const RequiredTensor head{kHeadName, TensorRole::head, config.vocab_size, config.hidden_size};
    const SourceTensor any{};
    std::map<std::string, int> why_not;
    if (!is_int4(plan_matrix(any, head, options, why_not))) {  // a second INT8 table would be of no use
        plan.notes.push_back(
            fmt::format("the head stays the table that it is tied to: {}", why_not.begin()->first));
        return false;
    }
    const auto& tensors = checkpoint.tensors();
    const auto table = tensors.find(kEmbeddingName);
    if (table == tensors.end() && !tensors.contains(kHeadName)) return false;  // find_tensor() tells
    config.tied_embeddings = false;
    if (tensors.contains(kHeadName)) return true;
    auto stand_in = std::make_shared<SourceTensor>(table->second);
    stand_in->name = kHeadName;
    plan.renamed.push_back(std::move(stand_in));
    return true;
}

void note_head(BakePlan& plan, bool was_tied) {
    const auto head = std::find_if(plan.tensors.begin(), plan.tensors.end(), [](const PlannedTensor& tensor) {
        return tensor.role == TensorRole::head && is_int4(tensor);
    });
    if (head == plan.tensors.end()) return;
    const uint64_t before = bytes_of({.bits = 8, .symmetric = true, .group_size = 0}, *head);
    const uint64_t own = head->stored_bytes();
    if (!was_tied)
        return plan.notes.push_back(fmt::format(
            "the head in INT4: the folder, what a token reads and a blob are {} bytes smaller each",
            before - own));
    // Rotated, a tied head needs a product in front of it, and one of its own does not.
    const auto wide = static_cast<uint64_t>(head->columns);
    const uint64_t mix = plan.exact == nullptr ? 0 : 2 * wide * wide;
    plan.notes.push_back(fmt::format(
        "the head in INT4, beside the table that it is tied to: the folder is {} bytes {}; a token reads {} "
        "fewer, and a blob, which holds the table twice anyway, is as much smaller",
        std::max(own, mix) - std::min(own, mix), own < mix ? "smaller" : "larger", before + mix - own));
}

}  // namespace ovenbird
