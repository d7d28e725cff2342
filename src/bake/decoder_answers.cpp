#include "bake/decoder_answers.hpp"

#include <cmath>
#include <random>

#include "base/error.hpp"
#include "base/platform/process.hpp"
#include "check/ranges.hpp"
#include "device/cpu_reference.hpp"
#include "model/decoder_names.hpp"
#include "model/step.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

// Rounding in f32 through tens of layers stays below this share of the largest logit; a wrong mask, position
// or weight is orders of magnitude above it.
constexpr double kExact = 2e-3;
// The same where keys and values are kept in f16.
constexpr double kHalfCache = 2e-2;

// Beyond so many tokens of a prompt nothing new is tested.
constexpr int64_t kLongestPrompt = 256;

// A full chunk of prefill, and one that is not full behind it.
constexpr int64_t kPrompt = kChunkTokens + 12;
// A chunk that graphs for drafts are too small for, so that one for prefill takes it.
constexpr int64_t kShortChunk = kDraftRows + 2;
// Two tokens, drafts behind them, a short chunk and a token.
constexpr int64_t kDrafted = 2 + kDraftRows;
constexpr int64_t kFew = kDrafted + kShortChunk + 1;

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

}  // namespace

// Everything that forms are asked, and the decoder's answers.
struct DecoderAnswers::State {
    OverflowWatch ranges{{}};
    size_t vocab_size = 0;
    Sequence short_prompt, full_prompt;  // of a window
    // Of the forms with a cache.
    Sequence few_tokens, first_drafts, first_prompt, many_tokens;

    std::vector<Question> questions_for(Form form) const {
        const auto length = [](const Sequence& sequence) {
            return static_cast<int64_t>(sequence.ids.size());
        };
        if (form == Form::window)
            return {{&short_prompt, length(short_prompt), 1}, {&full_prompt, length(full_prompt), 1}};
        return {{&few_tokens, 1, 1},                                // decode with an empty cache
                {&few_tokens, 2, 1},                                // decode behind a token
                {&few_tokens, kDrafted, kDraftRows},                // drafts behind two
                {&few_tokens, kFew - 1, 1},                         // a short chunk behind those
                {&few_tokens, kFew, 1},                             // decode behind that
                {&first_drafts, length(first_drafts), kDraftRows},  // drafts behind nothing
                {&first_prompt, length(first_prompt), 1},           // a short chunk behind nothing
                {&many_tokens, kPrompt, 1},      // prefill: a chunk behind nothing, the rest behind it
                {&many_tokens, kPrompt + 1, 1},  // decode behind that
                {&many_tokens, length(many_tokens), kDraftRows}};  // drafts behind it
    }
};

DecoderAnswers::DecoderAnswers(const fs::path& decoder_xml, int64_t window)
    : state_(std::make_unique<State>()) {
    const auto model = read_graph(decoder_xml, fs::path(decoder_xml).replace_extension(".bin"));
    state_->ranges = OverflowWatch(watch_ranges(model));
    CpuReference decoder(model, decoder_xml);
    state_->vocab_size = static_cast<size_t>(decoder.graph().output_port(kLogits).shape[2].least);
    const auto ask = [&](uint64_t seed, int64_t tokens, int64_t rows) {
        check_interrupted();
        Sequence sequence{random_tokens(seed, tokens, static_cast<int64_t>(state_->vocab_size)), rows};
        decoder.run(sequence.ids, sequence.ids.size());
        state_->ranges.look(decoder);
        const Tensor logits = decoder.output(kLogits);
        const auto* end = logits.data<float>() + logits.size();
        sequence.logits.assign(end - static_cast<size_t>(rows) * state_->vocab_size, end);
        return sequence;
    };
    state_->short_prompt = ask(1, std::min<int64_t>(window, 11), 1);
    state_->full_prompt = ask(2, std::min(window, kLongestPrompt), 1);
    state_->few_tokens = ask(3, kFew, kFew);
    state_->first_drafts = ask(5, kDraftRows, kDraftRows);
    state_->first_prompt = ask(6, kShortChunk, 1);
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

const OverflowWatch& DecoderAnswers::ranges() const {
    return state_->ranges;
}

FirstStep DecoderAnswers::first_step() const {
    return ovenbird::first_step(state_->short_prompt.ids, state_->short_prompt.logits);
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

}  // namespace ovenbird
