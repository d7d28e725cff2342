#pragma once
// Every form of a baked folder, run on the CPU beside the one decoder: what they say must be the same.

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bake/options.hpp"
#include "bake/plan_forms.hpp"
#include "base/report.hpp"
#include "model/manifest.hpp"

namespace ovenbird {

/// Logits of some rows, of one form beside the decoder's.
struct Comparison {
    std::vector<std::string> graphs;  // what was run, relative to the folder
    int64_t rows = 0;                 // of logits, compared
    int64_t same_token = 0;           // rows whose greedy choice is the same
    double largest_difference = 0;    // of a logit, absolute
    double largest_logit = 0;         // of the decoder, absolute
    double tolerance = 0;             // of the difference, as a share of the largest logit

    bool agrees() const { return largest_difference <= tolerance * std::max(largest_logit, 1.0); }
    void add(const Comparison& other);
};

Json to_json(const Comparison& comparison);

/// What the decoder says, in f32, of two sequences of random tokens and two prompts.
class DecoderAnswers {
public:
    /// `window`: tokens of the window form. Runs the decoder and lets it go. Errors: device.
    DecoderAnswers(const std::filesystem::path& decoder_xml, int64_t window);
    ~DecoderAnswers();

    /// Logits behind the last `rows` of `ids`, as Engine::logits_after() gives them.
    using Ask = std::function<std::span<const float>(std::span<const int64_t> ids, int64_t rows)>;

    /// Asks a form the same: a window two prompts; others decode, verify and prefill, each with a cache that
    /// is empty and one that is not. Errors: verification (logits that are not finite), those of `ask`.
    Comparison compare(Form form, const Ask& ask) const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Runs a form's graphs as the engines of `run` do, in f32 on the CPU. `every`: those of all contexts, else
/// of the smallest. Not for the window. Errors: device, verification.
Comparison compare_form(const PlannedForm& form, const DecoderAnswers& decoder,
                        const std::filesystem::path& folder, const Manifest& manifest, bool every);

/// Compares every form as options.forward_check says, notes the figures in the manifest, and warns where
/// values exceed f16. Errors: verification, naming the form.
void prove_forms(const FormsPlan& plan, const BakeOptions& options, const std::filesystem::path& decoder_xml,
                 const std::filesystem::path& folder, Manifest& manifest, Reporter& reporter);

}  // namespace ovenbird
