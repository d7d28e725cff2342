#include <algorithm>

#include "bake/plan.hpp"
#include "bake/plan_calibration.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

double mib(uint64_t bytes) {
    return static_cast<double>(bytes) / (1 << 20);
}

std::string forms_text(const BakePlan& plan) {
    std::string text = fmt::format("\n{:<48} {:>24} {:>12}\n", "form, graph", "tokens", "bytes");
    const auto line = [&](const PlannedGraph& file) {
        text += fmt::format("  {:<46} {:>24} {:>12}\n", file.file, file.of, file.bytes);
    };
    for (const auto& form : plan.forms.forms) {
        text += fmt::format(
            "{:<48} {:>24} {:>12}\n", form_name(form.form),
            form.cache_bytes == 0 ? "no cache" : fmt::format("cache {:.1f} MiB", mib(form.cache_bytes)),
            form.disk_bytes());
        std::for_each(form.graphs.begin(), form.graphs.end(), line);
        std::for_each(form.blobs.begin(), form.blobs.end(), line);
    }
    return text;
}

Json files_json(const std::vector<PlannedGraph>& files, const char* what) {
    Json list = Json::array();
    for (const auto& file : files)
        list.push_back({{"file", file.file}, {what, file.of}, {"bytes", file.bytes}});
    return list;
}

Json forms_json(const BakePlan& plan) {
    Json list = Json::array();
    for (const auto& form : plan.forms.forms) {
        list.push_back({{"form", form_name(form.form)},
                        {"graphs", files_json(form.graphs, "tokens")},
                        {"blobs", files_json(form.blobs, "graph")},
                        {"disk_bytes", form.disk_bytes()},
                        {"cache_bytes", form.cache_bytes}});
    }
    return list;
}

uint64_t forms_bytes(const BakePlan& plan) {
    uint64_t bytes = 0;
    for (const auto& form : plan.forms.forms)
        bytes += form.disk_bytes();
    return bytes;
}

}  // namespace

std::string store_name(const PlannedTensor& tensor) {
    if (tensor.store == Store::f32) return "f32";
    if (tensor.store == Store::f16) return "f16";
    const auto& format = tensor.format;
    const auto where =
        format.group_size == 0 ? std::string("per channel") : fmt::format("groups of {}", format.group_size);
    return fmt::format("int{} {}, {}", format.bits, format.symmetric ? "sym" : "asym", where);
}

std::string plan_text(const BakePlan& plan) {
    std::string text =
        fmt::format("{:<48} {:>15} {:>7}  {:<27} {:>12}\n", "tensor", "shape", "from", "to", "bytes");
    for (const auto& tensor : plan.tensors) {
        text += fmt::format("{:<48} {:>15} {:>7}  {:<27} {:>12}\n", tensor.source->name,
                            fmt::format("{}", fmt::join(tensor.source->shape, "x")),
                            stored_type_name(*tensor.source), store_name(tensor), tensor.stored_bytes());
    }
    text += forms_text(plan);
    const auto& config = plan.config;
    text += fmt::format(
        "\nmodel           {}, {} layers, hidden {}, {} query and {} key/value heads of {}, vocabulary {}\n",
        config.model_type, config.layers.size(), config.hidden_size, config.heads, config.kv_heads,
        config.head_size, config.vocab_size);
    text += fmt::format("reads           {:.1f} MiB of weights\n", mib(plan.source_bytes));
    text += fmt::format("weights file    {} bytes ({:.1f} MiB)\n", plan.weights_file_bytes,
                        mib(plan.weights_file_bytes));
    text += fmt::format("forms           {} bytes ({:.1f} MiB) beside it\n", forms_bytes(plan),
                        mib(forms_bytes(plan)));
    text += fmt::format("disk needed     {:.1f} MiB, {:.0f} of it for tokenizer and configuration\n",
                        mib(plan.disk_bytes), mib(plan.text_bytes));
    text += fmt::format("memory needed   about {:.0f} MiB beside the mapped files\n", mib(plan.memory_bytes));
    if (plan.calibration)
        text += fmt::format("calibration     {} tokens, about {}\n", plan.calibration->tokens,
                            calibration_cost(*plan.calibration));
    for (const auto& note : plan.notes)
        text += fmt::format("note            {}\n", note);
    for (const auto& warning : plan.warnings)
        text += fmt::format("warning         {}\n", warning);
    return text;
}

Json plan_json(const BakePlan& plan) {
    Json tensors = Json::array();
    for (const auto& tensor : plan.tensors) {
        tensors.push_back({{"name", tensor.source->name},
                           {"shape", tensor.source->shape},
                           {"from", stored_type_name(*tensor.source)},
                           {"to", store_name(tensor)},
                           {"bytes", tensor.stored_bytes()}});
    }
    Json calibration;
    if (plan.calibration)
        calibration = {{"tokens", plan.calibration->tokens},
                       {"seconds", plan.calibration->seconds},
                       {"memory_bytes", plan.calibration->memory_bytes},
                       {"disk_bytes", plan.calibration->disk_bytes}};
    return {{"model_type", plan.config.model_type},
            {"calibration", calibration},
            {"tensors", tensors},
            {"forms", forms_json(plan)},
            {"forms_bytes", forms_bytes(plan)},
            {"source_bytes", plan.source_bytes},
            {"weights_file_bytes", plan.weights_file_bytes},
            {"disk_bytes", plan.disk_bytes},
            {"memory_bytes", plan.memory_bytes},
            {"notes", plan.notes},
            {"warnings", plan.warnings}};
}

}  // namespace ovenbird
