#include "bake/prove.hpp"

#include <algorithm>
#include <set>

#include "bake/overflow_watch.hpp"
#include "base/error.hpp"
#include "check/ranges.hpp"
#include "device/cpu_reference.hpp"
#include "run/dynamic_engine.hpp"
#include "run/open.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

// A window's mask grows with the square of its tokens.
constexpr int64_t kLongestWindow = 4096;

std::string name_of(Form form) {
    return fmt::format("the {} form", form_name(form));
}

// Only the graphs of one context, which the engine then must use.
Manifest limited(const Manifest& manifest, Form form, int64_t context) {
    Manifest limited = manifest;
    if (form == Form::whole) {
        std::erase_if(limited.graphs, [&](const Step& step) { return step.context != context; });
        limited.context = context;
    } else if (form == Form::folded) {
        std::erase_if(limited.folded.steps, [&](const Step& step) { return step.context < context; });
    }
    return limited;
}

std::vector<std::string> graphs_of(Form form, const Manifest& manifest, int64_t context) {
    if (form == Form::dynamic) return {manifest.dynamic_graph};
    std::vector<std::string> files;
    for (const auto& step : manifest.graphs)
        if (form == Form::whole && step.context == context) files.push_back(graph_file(step));
    for (const auto& step : manifest.folded.steps) {
        const bool chunks = step.tokens > 1 && !step.all_rows;
        if (form == Form::folded && (step.context == context || chunks))
            files.insert(files.end(), step.layers.begin(), step.layers.end());
    }
    return files;
}

std::vector<int64_t> contexts_of(const PlannedForm& form, int64_t context, bool every) {
    if (form.form == Form::dynamic) return {context};
    std::set<int64_t> contexts;
    for (const auto& step : form.steps)
        contexts.insert(step.context);
    if (!every) return {*contexts.begin()};
    return {contexts.begin(), contexts.end()};
}

Comparison compare_window(const DecoderAnswers& decoder, const fs::path& folder, Manifest& manifest,
                          int64_t scale_factor, Reporter& reporter) {
    const auto model = read_graph(folder / kModelXmlName, {});
    OverflowWatch watch(watch_ranges(model));
    CpuReference window(model, folder / kModelXmlName);
    std::vector<float> said;
    auto comparison = decoder.compare(Form::window, [&](std::span<const int64_t> ids, int64_t) {
        said = window.next_logits(ids, static_cast<size_t>(manifest.seq_len));
        watch.look(window);
        return std::span<const float>(said);
    });
    comparison.graphs = {kModelXmlName};
    watch.tell(scale_factor, manifest, reporter);
    return comparison;
}

Comparison compare_engine(Engine& engine, Form form, const DecoderAnswers& decoder) {
    return decoder.compare(
        form, [&](std::span<const int64_t> ids, int64_t rows) { return engine.logits_after(ids, rows); });
}

// Paging replaces masks: only the graph as it stands shows them.
Comparison compare_states(const DecoderAnswers& decoder, const fs::path& folder, const Manifest& manifest) {
    const auto graph = read_graph(folder / manifest.dynamic_graph, folder / kModelBinName);
    DynamicEngine engine(compile_on("CPU", graph, exact_cpu()), manifest.context);
    return compare_engine(engine, Form::dynamic, decoder);
}

}  // namespace

Comparison compare_form(const PlannedForm& form, const DecoderAnswers& decoder, const fs::path& folder,
                        const Manifest& manifest, bool every) {
    Comparison all;
    // One after the other: the CPU device keeps a packed copy of the weights for each compiled model.
    if (form.form == Form::dynamic) all.add(compare_states(decoder, folder, manifest));
    for (const int64_t context : contexts_of(form, manifest.context, every)) {
        const auto engine =
            open_form("CPU", form.form, folder, limited(manifest, form.form, context), exact_cpu(), 0);
        auto comparison = compare_engine(*engine, form.form, decoder);
        comparison.graphs = graphs_of(form.form, manifest, context);
        all.add(comparison);
    }
    return all;
}

void prove_forms(const FormsPlan& plan, const BakeOptions& options, const fs::path& decoder_xml,
                 WrittenDecoder written, const fs::path& folder, Manifest& manifest, Reporter& reporter) {
    if (options.forward_check == "off") {
        manifest.verification["forms"] = "not compared (--forward-check off)";
        reporter.note("forms are not compared with the decoder, as asked");
        return;
    }
    if (written.answers == nullptr)
        written.answers = std::make_unique<DecoderAnswers>(decoder_xml, plan.seq_len);
    prove_forms(plan, options, *written.answers, written.scale_factor, folder, manifest, reporter);
}

void prove_forms(const FormsPlan& plan, const BakeOptions& options, const DecoderAnswers& decoder,
                 int64_t scale_factor, const fs::path& folder, Manifest& manifest, Reporter& reporter) {
    Json figures = Json::object();
    for (const auto& form : plan.forms) {
        Json& noted = figures[form_name(form.form)];
        if (form.form == Form::window && plan.seq_len > kLongestWindow) {
            noted = fmt::format("not compared: a window beyond {} tokens takes too much memory on a CPU",
                                kLongestWindow);
            reporter.note(fmt::format("{} is {}", name_of(form.form), noted.get<std::string>()));
            continue;
        }
        const auto comparison =
            form.form == Form::window
                ? compare_window(decoder, folder, manifest, scale_factor, reporter)
                : compare_form(form, decoder, folder, manifest, options.forward_check == "all");
        noted = to_json(comparison);
        if (!comparison.agrees()) {
            fail(ErrorCode::verification,
                 "{} says something else than the decoder: logits differ by up to {:.4g} (largest logit "
                 "{:.4g}); the bake is not trustworthy, please report this model",
                 name_of(form.form), comparison.largest_difference, comparison.largest_logit);
        }
        reporter.note(
            fmt::format("{} says what the decoder says: largest difference {:.2g}, largest logit "
                        "{:.3g}",
                        name_of(form.form), comparison.largest_difference, comparison.largest_logit));
    }
    manifest.verification["forms"] = figures;
    manifest.verification["first_step"] = to_json(decoder.first_step());
}

}  // namespace ovenbird
