#pragma once
// Every form of a baked folder, run on the CPU beside the one decoder: what they say must be the same.

#include <filesystem>

#include "bake/decoder_answers.hpp"
#include "bake/decoder_source.hpp"
#include "bake/options.hpp"
#include "bake/plan_forms.hpp"
#include "base/report.hpp"
#include "model/manifest.hpp"

namespace ovenbird {

/// Runs a form's graphs as the engines of `run` do, in f32 on the CPU. `every`: those of all contexts, else
/// of the smallest. The dynamic graph is run twice: as pages, which is what a CPU does with it, and with its
/// states and masks, as a GPU does. Not for the window. Errors: device, verification.
Comparison compare_form(const PlannedForm& form, const DecoderAnswers& decoder,
                        const std::filesystem::path& folder, const Manifest& manifest, bool every);

/// Compares every form as options.forward_check says, notes the figures in the manifest, and warns where
/// values exceed f16. Errors: verification, naming the form.
/// `decoder_xml`: for its answers, where `written` has none yet.
void prove_forms(const FormsPlan& plan, const BakeOptions& options, const std::filesystem::path& decoder_xml,
                 WrittenDecoder written, const std::filesystem::path& folder, Manifest& manifest,
                 Reporter& reporter);

/// The same with the decoder's answers at hand, whatever options.forward_check says of whether to compare.
/// `scale_factor`: what its residual stream is divided by.
void prove_forms(const FormsPlan& plan, const BakeOptions& options, const DecoderAnswers& decoder,
                 int64_t scale_factor, const std::filesystem::path& folder, Manifest& manifest,
                 Reporter& reporter);

}  // namespace ovenbird
