#include "eval/greedy.hpp"

#include <algorithm>
#include <numeric>

#include "base/distribution.hpp"
#include "base/platform/process.hpp"
#include "run/generate.hpp"

namespace ovenbird {
namespace {

constexpr size_t kPrompts = 4;
constexpr size_t kPromptTokens = 32;

int64_t common_start(const GreedyAnswer& answer, const LogitRows& source, size_t sequence) {
    const auto first = static_cast<int64_t>(answer.prompt.size()) - 1;
    const auto count = static_cast<int64_t>(answer.answer.size());
    const auto vocab = static_cast<size_t>(source.vocab_size);
    int64_t common = 0;
    bool same = true;
    each_rows(source, sequence, first, first + count, [&](int64_t, std::span<const float> rows) {
        for (size_t at = 0; same && at < rows.size(); at += vocab) {
            same = likeliest_token(rows.subspan(at, vocab)) == answer.answer[static_cast<size_t>(common)];
            common += same ? 1 : 0;
        }
    });
    return common;
}

}  // namespace

Sequence GreedyAnswer::asked() const {
    Sequence ids = prompt;
    if (!answer.empty()) ids.insert(ids.end(), answer.begin(), answer.end() - 1);
    return ids;
}

double GreedyFigures::mean() const {
    if (common.empty()) return 0;
    return static_cast<double>(std::accumulate(common.begin(), common.end(), int64_t{0})) /
           static_cast<double>(common.size());
}

int64_t GreedyFigures::least() const {
    return common.empty() ? 0 : *std::min_element(common.begin(), common.end());
}

std::vector<Sequence> greedy_prompts(const std::vector<Sequence>& windows) {
    std::vector<Sequence> prompts;
    const size_t count = std::min(kPrompts, windows.size());
    for (size_t i = 0; i < count; ++i) {
        const auto& window = windows[i * windows.size() / count];
        const size_t tokens = std::max<size_t>(1, std::min(kPromptTokens, window.size() / 2));
        prompts.emplace_back(window.begin(), window.begin() + static_cast<std::ptrdiff_t>(tokens));
    }
    return prompts;
}

std::vector<GreedyAnswer> greedy_answers(Engine& engine, const std::vector<Sequence>& prompts,
                                         int64_t most_tokens) {
    std::vector<GreedyAnswer> answers;
    for (const auto& prompt : prompts) {
        GenerateOptions options;
        options.max_new_tokens = most_tokens;
        options.stop_asked = [] { return interrupted(); };
        auto generation = generate(engine, prompt, options, [](int64_t) { return true; });
        check_interrupted();
        answers.push_back({prompt, std::move(generation.tokens)});
    }
    return answers;
}

GreedyFigures compare_greedy(const std::vector<GreedyAnswer>& answers, const LogitRows& source,
                             size_t first) {
    GreedyFigures figures;
    for (size_t i = 0; i < answers.size(); ++i) {
        figures.common.push_back(common_start(answers[i], source, first + i));
        figures.answer_tokens =
            std::max(figures.answer_tokens, static_cast<int64_t>(answers[i].answer.size()));
    }
    return figures;
}

}  // namespace ovenbird
