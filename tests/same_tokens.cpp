// same_tokens FOLDER FIRST LAST COUNT NEW [ENGINES [TEXT]]: greedy tokens of engines with a cache
// (paged,static by default; folded) beside the loop without one, in f32, for COUNT prompts of FIRST to LAST
// tokens of TEXT (default: random tokens). A line a divergence, with the gap between the two tokens' logits
// in the loop; the exit status is 1 where a gap is larger than rounding explains. Folded graphs are held
// against the whole ones where both are asked for: these round alike.

#include <cmath>
#include <cstdio>
#include <random>

#include "base/error.hpp"
#include "base/platform/files.hpp"
#include "model/manifest.hpp"
#include "run/generate.hpp"
#include "run/open.hpp"
#include "text/tokenizer.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

// Of a logit: f32 sums in another order, and keys and values kept in f16 by the static graphs.
constexpr float kRounding = 0.05F;

DeviceOptions exact_cpu() {
    DeviceOptions options;
    options.devices = {"CPU"};
    options.properties = {{"INFERENCE_PRECISION_HINT", "f32"},
                          {"DYNAMIC_QUANTIZATION_GROUP_SIZE", "0"},
                          {"KV_CACHE_PRECISION", "f32"}};
    return options;
}

struct Comparison {
    Engine& loop;
    int divergences = 0;
    float largest_gap = 0;

    void compare(const char* name, Engine& engine, const std::vector<int64_t>& prompt,
                 const std::vector<int64_t>& expected, const std::vector<int64_t>& got) {
        const auto differ = std::mismatch(expected.begin(), expected.end(), got.begin(), got.end());
        if (differ.first == expected.end()) return;
        auto window = prompt;
        window.insert(window.end(), expected.begin(), differ.first);
        const auto logits = loop.next_logits(window);
        const float gap = std::abs(logits[static_cast<size_t>(*differ.first)] -
                                   logits[static_cast<size_t>(*differ.second)]);
        std::printf("%s on %s: %zu prompt tokens, new token %td: gap %.5f\n", name, engine.device().c_str(),
                    prompt.size(), differ.first - expected.begin(), static_cast<double>(gap));
        ++divergences;
        largest_gap = std::max(largest_gap, gap);
    }
};

std::vector<int64_t> source_tokens(const Tokenizer& tokenizer, const char* text) {
    if (text != nullptr) return tokenizer.encode(read_file(text), false);
    std::mt19937 random(5);
    std::vector<int64_t> ids(1 << 14);
    for (auto& id : ids)
        id = static_cast<int64_t>(random() % static_cast<uint64_t>(tokenizer.id_limit()));
    return ids;
}

struct Competitor {
    const char* name;
    FormChoice form;
};
constexpr Competitor kCompetitors[] = {
    {"paged", FormChoice::best}, {"static", FormChoice::whole}, {"folded", FormChoice::folded}};

int run(const fs::path& folder, int64_t first, int64_t last, int64_t count, int64_t new_tokens,
        const std::string& wanted, const char* text) {
    const auto tokenizer = Tokenizer::load(folder);
    const auto source = source_tokens(tokenizer, text);
    const Manifest manifest = read_manifest(folder);
    const auto open = [&](FormChoice form) {
        return open_engine(folder, manifest, {exact_cpu(), form}, tokenizer.pad_id()).engine;
    };
    const auto loop = open(FormChoice::window);
    std::vector<std::pair<Competitor, std::unique_ptr<Engine>>> engines;
    for (const auto& competitor : kCompetitors) {
        if (wanted.find(competitor.name) != std::string::npos)
            engines.emplace_back(competitor, open(competitor.form));
    }
    if (engines.empty()) fail(ErrorCode::usage, "{} names no engine", wanted);
    Comparison comparison{*loop};
    GenerateOptions options;
    options.max_new_tokens = new_tokens;
    for (int64_t i = 0; i < count; ++i) {
        const auto length =
            static_cast<size_t>(count == 1 ? first : first + (last - first) * i / (count - 1));
        const size_t start = static_cast<size_t>(i) * 977 % (source.size() - length);
        const std::vector<int64_t> prompt(source.begin() + static_cast<std::ptrdiff_t>(start),
                                          source.begin() + static_cast<std::ptrdiff_t>(start + length));
        const auto tokens = [&](Engine& engine) {
            return generate(engine, prompt, options, [](int64_t) { return true; }).tokens;
        };
        auto expected = tokens(*loop);
        for (const auto& [competitor, engine] : engines) {
            auto got = tokens(*engine);
            comparison.compare(competitor.name, *engine, prompt, expected, got);
            if (competitor.form == FormChoice::whole) expected = std::move(got);
        }
    }
    std::printf(
        "%lld prompts of %lld to %lld tokens, %lld new tokens each: %d divergences, largest gap %.5f\n",
        static_cast<long long>(count), static_cast<long long>(first), static_cast<long long>(last),
        static_cast<long long>(new_tokens), comparison.divergences,
        static_cast<double>(comparison.largest_gap));
    return comparison.largest_gap < kRounding ? 0 : 1;
}

}  // namespace
}  // namespace ovenbird

int main(int argc, char** argv) {
    if (argc < 6) {
        std::fprintf(stderr, "usage: same_tokens FOLDER FIRST LAST COUNT NEW [ENGINES [TEXT]]\n");
        return 2;
    }
    try {
        return ovenbird::run(argv[1], std::atoll(argv[2]), std::atoll(argv[3]), std::atoll(argv[4]),
                             std::atoll(argv[5]), argc > 6 ? argv[6] : "paged,static",
                             argc > 7 ? argv[7] : nullptr);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        return 1;
    }
}
