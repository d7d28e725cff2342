#include "bake/write_forms.hpp"

#include "bake/forms/passes.hpp"
#include "bake/forms/shape.hpp"
#include "bake/write_folded.hpp"
#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/platform/process.hpp"
#include "device/embedder.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

std::string describe_port(const ov::Output<const ov::Node>& port) {
    return port.get_partial_shape().to_string() + " " + port.get_element_type().to_string();
}

// Fails when the graph has anything that an NPU does not take.
void verify_static(const fs::path& xml, const fs::path& bin) {
    const auto violations = find_violations(read_ir(xml, bin).model);
    if (violations.empty()) return;
    std::string list;
    for (const auto& violation : violations)
        list += "\n  " + violation.text;
    fail(ErrorCode::verification, "{}: the graph is not what an NPU takes; please report this:{}",
         xml.filename().string(), list);
}

// What every program finds in openvino_model.xml.
void record(const FormsPlan& plan, const std::shared_ptr<ov::Model>& model, Manifest& manifest) {
    for (const auto& input : std::as_const(*model).inputs())
        manifest.inputs[input.get_any_name()] = describe_port(input);
    for (const auto& output : std::as_const(*model).outputs())
        manifest.outputs[output.get_any_name()] = describe_port(output);
    manifest.seq_len = plan.seq_len;
    const auto count = count_compressed(model);
    manifest.verification["static"] = true;
    manifest.verification["int4_constants"] = count.int4_constants;
    manifest.verification["int8_constants"] = count.int8_constants;
}

void write_window(const FormsPlan& plan, const ReadModel& decoder, const fs::path& folder,
                  Manifest& manifest) {
    const fs::path bin = folder / kModelBinName;
    const auto model = shape_window(decoder.model, plan.seq_len, plan.all_logits);
    if (plan.host_embedding)
        write_ir(split_off_embedding(model), folder / kEmbeddingsXmlName, bin, decoder.weights->bytes());
    write_ir(model, folder / kModelXmlName, bin, decoder.weights->bytes());
    verify_static(folder / kModelXmlName, bin);
    record(plan, model, manifest);
}

// One after the other: they share the weights file.
void write_vectors(const PlannedForm& form, const FormsPlan& plan, const ReadModel& embedder,
                   const fs::path& folder, Manifest& manifest) {
    if (!manifest.embedding) fail(ErrorCode::internal, "the manifest is not one of an embedding model");
    const auto& facts = *manifest.embedding;
    const fs::path bin = folder / kModelBinName;
    for (const auto& step : form.steps) {
        check_interrupted();
        const auto model = shape_vectors(embedder.model, step.tokens, plan.seq_len);
        const fs::path xml = folder / embedding_graph(facts, step.tokens);
        write_ir(model, xml, bin, embedder.weights->bytes());
        verify_static(xml, bin);
        record(plan, model, manifest);  // the last is the largest
    }
}

void write_dynamic(const FormsPlan& plan, const ReadModel& decoder, const fs::path& folder,
                   Manifest& manifest) {
    write_ir(shape_dynamic(decoder.model), folder / kDynamicGraph, folder / kModelBinName,
             decoder.weights->bytes());
    manifest.dynamic_graph = kDynamicGraph;
    manifest.context = plan.context;
}

void write_whole(const PlannedForm& form, const FormsPlan& plan, const ReadModel& decoder,
                 const fs::path& folder, Manifest& manifest) {
    const fs::path bin = folder / kModelBinName;
    std::vector<std::shared_ptr<ov::Model>> models(form.steps.size());
    parallel_for(models.size(), [&](size_t i) {
        check_interrupted();
        // A chunk that is not full has padding behind it, whose positions are looked up as well.
        const auto& step = form.steps[i];
        models[i] = shape_step(decoder.model, step, plan.context + kChunkTokens, step.all_rows);
        if (plan.host_embedding) (void)split_off_embedding(models[i]);
    });
    // One after the other: they share the weights file.
    for (size_t i = 0; i < models.size(); ++i)
        write_ir(models[i], folder / graph_file(form.steps[i]), bin, decoder.weights->bytes());
    parallel_for(models.size(), [&](size_t i) { verify_static(folder / graph_file(form.steps[i]), bin); });
    manifest.graphs = form.steps;
}

}  // namespace

void write_form(const PlannedForm& form, const FormsPlan& plan, const ReadModel& decoder,
                const fs::path& folder, Manifest& manifest) {
    check_interrupted();
    fs::create_directories(folder / kGraphsFolder);
    switch (form.form) {
        case Form::window:
            return write_window(plan, decoder, folder, manifest);
        case Form::dynamic:
            return write_dynamic(plan, decoder, folder, manifest);
        case Form::whole:
            return write_whole(form, plan, decoder, folder, manifest);
        case Form::folded:
            return write_folded(form, decoder, folder, manifest);
        case Form::vectors:
            return write_vectors(form, plan, decoder, folder, manifest);
    }
}

}  // namespace ovenbird
