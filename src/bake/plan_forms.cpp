#include "bake/plan_forms.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ovenbird {
namespace {

// A layer's weights take longer to read than the keys and values of so many tokens: below, a smaller cache
// saves less than another graph costs to compile.
constexpr int64_t kSmallestFolded = 1024;

Step step_of(const char* kind, int64_t bucket, int64_t tokens, int64_t past) {
    return {fmt::format("{}_{}", kind, bucket), tokens, past, bucket, tokens == kDraftRows};
}

}  // namespace

bool FormsPlan::has(Form form) const {
    return std::any_of(forms.begin(), forms.end(), [&](const auto& planned) { return planned.form == form; });
}

uint64_t PlannedForm::disk_bytes() const {
    uint64_t bytes = 0;
    for (const auto* list : {&graphs, &blobs}) {
        for (const auto& file : *list)
            bytes += file.bytes;
    }
    return bytes;
}

std::string form_title(const PlannedForm& form, const FormsPlan& plan) {
    switch (form.form) {
        case Form::window:
            return fmt::format("make the graph static, [1, {}]", plan.seq_len);
        case Form::dynamic:
            return fmt::format("a dynamic graph with a cache of up to {} tokens", plan.context);
        case Form::whole:
            return fmt::format("{} static graphs with a cache of up to {} tokens", form.steps.size(),
                               plan.context);
        case Form::folded:
            return fmt::format("one graph for equal layers, for each of {} steps", form.steps.size());
        case Form::vectors:
            return fmt::format("{} static graphs for texts of up to {} tokens", form.steps.size(),
                               plan.seq_len);
    }
    return "";
}

int64_t cache_context(const BakeOptions& options, int64_t max_positions) {
    const int64_t context = std::min(options.context, max_positions);
    return context < kSmallestContext ? 0 : context;
}

std::vector<Step> plan_whole_steps(int64_t context) {
    std::vector<Step> steps;
    for (int64_t bucket = kSmallestContext;; bucket = std::min(2 * bucket, context)) {
        steps.push_back(step_of("decode", bucket, 1, bucket - 1));
        steps.push_back(step_of("verify", bucket, kDraftRows, bucket - 1));
        steps.push_back(step_of("prefill", bucket, kChunkTokens, bucket - 1));
        if (bucket == context) return steps;
    }
}

std::vector<Step> plan_folded_steps(int64_t context) {
    std::vector<Step> steps;
    for (int64_t bucket = std::min(kSmallestFolded, context);; bucket = std::min(2 * bucket, context)) {
        steps.push_back(step_of("decode", bucket, 1, bucket - 1));
        steps.push_back(step_of("verify", bucket, kDraftRows, bucket - 1));
        if (bucket < context) continue;
        steps.push_back(step_of("prefill", bucket, kChunkTokens, bucket - kChunkTokens));
        return steps;
    }
}

std::string too_few_positions(int64_t max_positions) {
    return fmt::format("no graphs with a cache: the model's {} positions are below {}", max_positions,
                       kSmallestContext);
}

FormsPlan plan_forms(const BakeOptions& options, int64_t max_positions, bool has_cache) {
    FormsPlan plan;
    plan.seq_len = options.seq_len;
    plan.context = has_cache ? cache_context(options, max_positions) : 0;
    plan.all_logits = options.all_logits;
    plan.host_embedding = options.embedding == "host";
    plan.forms.push_back({Form::window});
    if (plan.context > 0) {
        plan.forms.push_back({Form::dynamic});
        if (options.form != "folded") plan.forms.push_back({Form::whole, plan_whole_steps(plan.context)});
        if (options.form != "whole") plan.forms.push_back({Form::folded, plan_folded_steps(plan.context)});
    }
    for (const int platform : options.npu_platforms) {
        const auto& listed = plan.platforms;
        if (std::find(listed.begin(), listed.end(), platform) == listed.end())
            plan.platforms.push_back(platform);
    }
    plan.compiled = plan.has(Form::folded) ? Form::folded : Form::window;
    return plan;
}

}  // namespace ovenbird
