#include "bake/plan.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

double mib(uint64_t bytes) {
    return static_cast<double>(bytes) / (1 << 20);
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
        fmt::format("{:<48} {:>15} {:>6}  {:<27} {:>12}\n", "tensor", "shape", "from", "to", "bytes");
    for (const auto& tensor : plan.tensors) {
        text += fmt::format("{:<48} {:>15} {:>6}  {:<27} {:>12}\n", tensor.source->name,
                            fmt::format("{}", fmt::join(tensor.source->shape, "x")),
                            source_type_name(tensor.source->type), store_name(tensor), tensor.stored_bytes());
    }
    const auto& config = plan.config;
    text += fmt::format(
        "\nmodel           {}, {} layers, hidden {}, {} query and {} key/value heads of {}, vocabulary {}\n",
        config.model_type, config.layers.size(), config.hidden_size, config.heads, config.kv_heads,
        config.head_size, config.vocab_size);
    text += fmt::format("reads           {:.1f} MiB of weights\n", mib(plan.source_bytes));
    text += fmt::format("weights file    {} bytes ({:.1f} MiB)\n", plan.weights_file_bytes,
                        mib(plan.weights_file_bytes));
    text += fmt::format("disk needed     {:.1f} MiB\n", mib(plan.disk_bytes));
    text += fmt::format("memory needed   about {:.0f} MiB beside the mapped files\n", mib(plan.memory_bytes));
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
                           {"from", source_type_name(tensor.source->type)},
                           {"to", store_name(tensor)},
                           {"bytes", tensor.stored_bytes()}});
    }
    return {{"model_type", plan.config.model_type},
            {"tensors", tensors},
            {"source_bytes", plan.source_bytes},
            {"weights_file_bytes", plan.weights_file_bytes},
            {"disk_bytes", plan.disk_bytes},
            {"memory_bytes", plan.memory_bytes},
            {"notes", plan.notes},
            {"warnings", plan.warnings}};
}

}  // namespace ovenbird
