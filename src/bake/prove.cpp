#include "bake/prove.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include "bake/overflow_watch.hpp"
#include "base/error.hpp"
#include "base/platform/process.hpp"
#include "check/ranges.hpp"
#include "device/cpu_reference.hpp"
#include "model/decoder_names.hpp"
#include "run/open.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

// Rounding in f32 through tens of layers stays below this share of the largest logit; a wrong mask, position
// or weight is orders of magnitude above it.
constexpr double kExact = 2e-3;
// The same where keys and values are kept in f16.
constexpr double kHalfCache = 2e-2;

// A window's mask grows with the square of its tokens.
constexpr int64_t kLongestWindow = 4096;
// Beyond so many tokens of a prompt nothing new is tested.
constexpr int64_t kLongestPrompt = 256;

// A full chunk of prefill, and one that is not full behind it.
constexpr int64_t kPrompt = kChunkTokens + 12;

std::string name_of(Form form) {
    return fmt::format("the {} form", form_name(form));
}

void compare_row(const float* expected, const float* got, size_t vocab_size, Comparison& comparison) {
    for (size_t i = 0; i < vocab_size; ++i) {
        const double difference = std::abs(static_cast<double>(expected[i]) - static_cast<double>(got[i]));
        if (!std::isfinite(difference)) {
            fail(ErrorCode::verification,
                 "the forward check met logits that are not finite (token {}); the checkpoint may be "
                 "damaged",
                 i);
        }
        comparison.largest_difference = std::max(comparison.largest_difference, difference);
        comparison.largest_logit =
            std::max(comparison.largest_logit, std::abs(static_cast<double>(expected[i])));
    }
    const auto best = [&](const float* row) { return std::max_element(row, row + vocab_size) - row; };
    comparison.same_token += best(expected) == best(got) ? 1 : 0;
    ++comparison.rows;
}

// A sequence of tokens, and what the decoder says behind each of its last ones.
struct Sequence {
    std::vector<int64_t> ids;
    int64_t rows = 1;
    std::vector<float> logits{};

    const float* row_behind(int64_t tokens, size_t vocab_size) const {
        const int64_t first = static_cast<int64_t>(ids.size()) - rows;
        return logits.data() + static_cast<size_t>(tokens - 1 - first) * vocab_size;
    }
};

// What a form is asked: the logits behind the last `rows` of a sequence's first `tokens`.
struct Question {
    const Sequence* sequence;
    int64_t tokens;
    int64_t rows;
};

std::vector<int64_t> random_tokens(uint64_t seed, int64_t count, int64_t vocab_size) {
    std::mt19937_64 random(seed);  // the same every time: a failure can be repeated
    std::uniform_int_distribution<int64_t> token(0, vocab_size - 1);
    std::vector<int64_t> ids(static_cast<size_t>(count));
    std::generate(ids.begin(), ids.end(), [&] { return token(random); });
    return ids;
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

}  // namespace

// Everything that forms are asked, and the decoder's answers.
struct DecoderAnswers::State {
    size_t vocab_size = 0;
    Sequence short_prompt, full_prompt;  // of a window
    Sequence few_tokens, many_tokens;    // of the forms with a cache

    std::vector<Question> questions_for(Form form) const {
        const auto length = [](const Sequence& sequence) {
            return static_cast<int64_t>(sequence.ids.size());
        };
        if (form == Form::window)
            return {{&short_prompt, length(short_prompt), 1}, {&full_prompt, length(full_prompt), 1}};
        return {{&few_tokens, 1, 1},                        // decode with an empty cache
                {&few_tokens, 1 + kDraftRows, kDraftRows},  // drafts behind a token
                {&many_tokens, kPrompt, 1},      // prefill: a chunk behind nothing, the rest behind it
                {&many_tokens, kPrompt + 1, 1},  // decode behind that
                {&many_tokens, length(many_tokens), kDraftRows}};  // drafts behind it
    }
};

DecoderAnswers::DecoderAnswers(const fs::path& decoder_xml, int64_t window)
    : state_(std::make_unique<State>()) {
    CpuReference decoder(decoder_xml);
    state_->vocab_size =
        static_cast<size_t>(decoder.model().output(kLogits).get_partial_shape()[2].get_length());
    const auto ask = [&](uint64_t seed, int64_t tokens, int64_t rows) {
        check_interrupted();
        Sequence sequence{random_tokens(seed, tokens, static_cast<int64_t>(state_->vocab_size)), rows};
        decoder.run(sequence.ids, sequence.ids.size());
        const ov::Tensor logits = decoder.output(kLogits);
        const auto* end = logits.data<float>() + logits.get_size();
        sequence.logits.assign(end - static_cast<size_t>(rows) * state_->vocab_size, end);
        return sequence;
    };
    state_->short_prompt = ask(1, std::min<int64_t>(window, 11), 1);
    state_->full_prompt = ask(2, std::min(window, kLongestPrompt), 1);
    state_->few_tokens = ask(3, 1 + kDraftRows, 1 + kDraftRows);
    state_->many_tokens = ask(4, kPrompt + 1 + kDraftRows, 2 + kDraftRows);
}

DecoderAnswers::~DecoderAnswers() = default;

Comparison DecoderAnswers::compare(Form form, const Ask& ask) const {
    Comparison comparison;
    const bool exact = form == Form::window || form == Form::dynamic;
    comparison.tolerance = exact ? kExact : kHalfCache;
    for (const auto& question : state_->questions_for(form)) {
        check_interrupted();
        const std::span ids(question.sequence->ids.data(), static_cast<size_t>(question.tokens));
        const auto said = ask(ids, question.rows);
        for (int64_t row = 0; row < question.rows; ++row) {
            const int64_t behind = question.tokens - question.rows + 1 + row;
            compare_row(question.sequence->row_behind(behind, state_->vocab_size),
                        said.data() + static_cast<size_t>(row) * state_->vocab_size, state_->vocab_size,
                        comparison);
        }
    }
    return comparison;
}

void Comparison::add(const Comparison& other) {
    graphs.insert(graphs.end(), other.graphs.begin(), other.graphs.end());
    rows += other.rows;
    same_token += other.same_token;
    largest_difference = std::max(largest_difference, other.largest_difference);
    largest_logit = std::max(largest_logit, other.largest_logit);
    tolerance = other.tolerance;
}

Json to_json(const Comparison& comparison) {
    return {{"graphs", comparison.graphs},
            {"rows", comparison.rows},
            {"same_token", comparison.same_token},
            {"largest_difference", comparison.largest_difference},
            {"largest_logit", comparison.largest_logit},
            {"tolerance", comparison.tolerance},
            {"agrees", comparison.agrees()}};
}

namespace {

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

}  // namespace

Comparison compare_form(const PlannedForm& form, const DecoderAnswers& decoder, const fs::path& folder,
                        const Manifest& manifest, bool every) {
    Comparison all;
    for (const int64_t context : contexts_of(form, manifest.context, every)) {
        // One after the other: the CPU device keeps a packed copy of the weights for each compiled model.
        const auto engine =
            open_form("CPU", form.form, folder, limited(manifest, form.form, context), exact_cpu(), 0);
        auto comparison = decoder.compare(form.form, [&](std::span<const int64_t> ids, int64_t rows) {
            return engine->logits_after(ids, rows);
        });
        comparison.graphs = graphs_of(form.form, manifest, context);
        all.add(comparison);
    }
    return all;
}

void prove_forms(const FormsPlan& plan, const BakeOptions& options, const fs::path& decoder_xml,
                 const fs::path& folder, Manifest& manifest, Reporter& reporter) {
    if (options.forward_check == "off") {
        manifest.verification["forms"] = "not compared (--forward-check off)";
        reporter.note("forms are not compared with the decoder, as asked");
        return;
    }
    const DecoderAnswers decoder(decoder_xml, plan.seq_len);
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
                ? compare_window(decoder, folder, manifest, options.activations_scale_factor, reporter)
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
}

}  // namespace ovenbird
