#pragma once
// What ovenbird bench measures: its own engine, and other runtimes beside it.

#include <memory>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/platform/line_child.hpp"
#include "run/open.hpp"

namespace ovenbird {

/// One answer, timed.
struct Timing {
    double first_ms = 0;           // from the call to the first token
    std::vector<double> token_ms;  // between one token and the next
};

class Contestant {
public:
    virtual ~Contestant() = default;
    /// Greedy, `new_tokens` tokens, whatever they are. Errors: device, io.
    virtual Timing measure(const std::vector<int64_t>& prompt, int64_t new_tokens) = 0;
    virtual double load_seconds() const = 0;
    /// Largest resident memory of its process so far.
    virtual double peak_mb() const = 0;
};

/// The engine of this process.
class OwnContestant : public Contestant {
public:
    OwnContestant(std::shared_ptr<Engine> engine, double load_seconds, int64_t draft_tokens)
        : engine_(std::move(engine)), load_seconds_(load_seconds), draft_tokens_(draft_tokens) {}
    Timing measure(const std::vector<int64_t>& prompt, int64_t new_tokens) override;
    double load_seconds() const override { return load_seconds_; }
    double peak_mb() const override;

private:
    std::shared_ptr<Engine> engine_;
    double load_seconds_;
    int64_t draft_tokens_;
};

/// openvino-genai or llama.cpp, in a Python process of its own (tools/bench_peer.py).
class PeerContestant : public Contestant {
public:
    /// `kind`: "openvino-genai" (`model`: an optimum-intel export) or "llama.cpp" (a GGUF file). Errors:
    /// unsupported when it cannot be started, with its own reason.
    PeerContestant(const std::string& python, const std::string& kind, const std::string& model,
                   const Json& settings);
    Timing measure(const std::vector<int64_t>& prompt, int64_t new_tokens) override;
    double load_seconds() const override { return load_seconds_; }
    double peak_mb() const override { return peak_mb_; }

private:
    std::string kind_;
    LineChild child_;
    double load_seconds_ = 0;
    double peak_mb_ = 0;
};

}  // namespace ovenbird
