#include "cmd/contestant.hpp"

#include <chrono>

#include "base/error.hpp"
#include "base/platform/process.hpp"
#include "bench_peer.hpp"
#include "run/generate.hpp"

namespace ovenbird {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kPatience = std::chrono::minutes(10);

double mebibytes(uint64_t bytes) {
    return static_cast<double>(bytes) / (1 << 20);
}

}  // namespace

Timing OwnContestant::measure(const std::vector<int64_t>& prompt, int64_t new_tokens) {
    Timing timing;
    GenerateOptions options;
    options.max_new_tokens = new_tokens;
    options.draft_tokens = draft_tokens_;
    auto last = Clock::now();
    const auto generation = generate(*engine_, prompt, options, [&](int64_t) {
        const auto now = Clock::now();
        timing.token_ms.push_back(std::chrono::duration<double, std::milli>(now - last).count());
        last = now;
        return !interrupted();
    });
    check_interrupted();
    timing.first_ms = generation.first_token_ms;
    if (!timing.token_ms.empty()) timing.token_ms.erase(timing.token_ms.begin());
    return timing;
}

double OwnContestant::peak_mb() const {
    return mebibytes(memory_use().peak_resident_bytes);
}

PeerContestant::PeerContestant(const std::string& python, const std::string& kind, const std::string& model,
                               const Json& settings)
    : kind_(kind), child_({python, "-c", kBenchPeer, kind, model, settings.dump()}) {
    std::string line;
    try {
        line = child_.read_line(kPatience);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::io) throw;
        fail(ErrorCode::unsupported, "{} does not start: {}", kind, error.what());
    }
    const Json said = parse_json(line, kind + "'s first line");
    const JsonObject hello(said, kind + "'s first line");
    if (hello.has("error")) fail(ErrorCode::unsupported, "{} does not start: {}", kind, hello.text("error"));
    load_seconds_ = hello.number("load_s");
}

Timing PeerContestant::measure(const std::vector<int64_t>& prompt, int64_t new_tokens) {
    try {
        child_.write_line(Json{{"prompt", prompt}, {"new_tokens", new_tokens}}.dump());
        const Json line = parse_json(child_.read_line(kPatience), kind_ + "'s answer");
        const JsonObject answer(line, kind_ + "'s answer");
        peak_mb_ = answer.number("peak_mb");
        return {answer.number("first_ms"), answer.numbers("token_ms")};
    } catch (const Error& error) {
        if (error.code() != ErrorCode::io) throw;
        fail(ErrorCode::io, "{}, compared with, failed: {}", kind_, error.what());
    }
}

}  // namespace ovenbird
