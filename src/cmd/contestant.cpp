#include "cmd/contestant.hpp"

#include <chrono>

#include "base/error.hpp"
#include "base/platform/process.hpp"
#include "bench_peer.hpp"
#include "run/session.hpp"

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
    : child_({python, "-c", kBenchPeer, kind, model, settings.dump()}) {
    std::string line;
    try {
        line = child_.read_line(kPatience);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::io) throw;
        fail(ErrorCode::unsupported, "{} does not start: {}", kind, error.what());
    }
    const Json hello = parse_json(line, kind);
    if (hello.contains("error"))
        fail(ErrorCode::unsupported, "{} does not start: {}", kind, hello["error"].get<std::string>());
    load_seconds_ = hello.at("load_s").get<double>();
}

Timing PeerContestant::measure(const std::vector<int64_t>& prompt, int64_t new_tokens) {
    child_.write_line(Json{{"prompt", prompt}, {"new_tokens", new_tokens}}.dump());
    const Json answer = parse_json(child_.read_line(kPatience), "the other runtime");
    peak_mb_ = answer.at("peak_mb").get<double>();
    return {answer.at("first_ms").get<double>(), answer.at("token_ms").get<std::vector<double>>()};
}

}  // namespace ovenbird
