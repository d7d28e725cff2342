#pragma once
// What every form of a decoder is asked, and what the decoder itself says to it.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bake/overflow_watch.hpp"
#include "base/json.hpp"
#include "model/first_step.hpp"
#include "model/form.hpp"

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

/// What the decoder says, in f32, of sequences of random tokens.
class DecoderAnswers {
public:
    /// `window`: tokens of the window form. Runs the decoder and lets it go. Errors: device.
    DecoderAnswers(const std::filesystem::path& decoder_xml, int64_t window);
    ~DecoderAnswers();

    /// Logits behind the last `rows` of `ids`, as Engine::logits_after() gives them.
    using Ask = std::function<std::span<const float>(std::span<const int64_t> ids, int64_t rows)>;

    /// Asks a form the same: a window two prompts; others decode, verify and prefill, each with a cache that
    /// is empty, one of a few tokens (where a single one more or less shows) and one of more than a chunk.
    /// Errors: verification (logits that are not finite), those of `ask`.
    Comparison compare(Form form, const Ask& ask) const;

    /// How large its values became.
    const OverflowWatch& ranges() const;

    /// A short prompt and the answer to it.
    FirstStep first_step() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace ovenbird
