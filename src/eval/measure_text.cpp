#include "eval/measure_text.hpp"

#include <algorithm>
#include <cmath>

#include "base/distribution.hpp"
#include "base/parallel.hpp"

namespace ovenbird {
namespace {

constexpr size_t kWorstTokens = 20;

// A predicted token, and what was said of it.
struct Scored {
    size_t window;
    int64_t row;  // it stands at row + 1 of its window
    RowComparison comparison;
};

class Measuring {
public:
    Measuring(const std::vector<Sequence>& windows, const LogitRows& baked, const LogitRows* source)
        : windows_(windows), baked_(baked), source_(source), vocab_(static_cast<size_t>(baked.vocab_size)) {
        if (source_ != nullptr) figures_.source.emplace();
    }

    TextFigures measure(size_t first, Reporter& reporter) {
        uint64_t rows = 0;
        for (const auto& window : windows_)
            rows += window.size() - 1;
        reporter.begin("logits of " + baked_.name, rows, WorkUnit::steps);
        for (size_t window = 0; window < windows_.size(); ++window) {
            const auto last = static_cast<int64_t>(windows_[window].size()) - 1;
            for (int64_t row = 0; row < last; row += kRowsAtOnce)
                measure_rows(window, first + window, row, std::min(last, row + kRowsAtOnce), reporter);
        }
        reporter.end();
        return std::move(figures_);
    }

private:
    void measure_rows(size_t window, size_t sequence, int64_t begin, int64_t end, Reporter& reporter) {
        if (source_ != nullptr) {
            expected_.clear();
            each_rows(*source_, sequence, begin, end, [&](int64_t, std::span<const float> rows) {
                expected_.insert(expected_.end(), rows.begin(), rows.end());
            });
        }
        each_rows(baked_, sequence, begin, end, [&](int64_t first_row, std::span<const float> rows) {
            score(window, first_row, rows, static_cast<size_t>(first_row - begin) * vocab_);
            reporter.advance(static_cast<uint64_t>(figures_.tokens));
        });
    }

    void score(size_t window, int64_t first_row, std::span<const float> rows, size_t expected_from) {
        std::vector<RowComparison> compared(rows.size() / vocab_);
        const auto& ids = windows_[window];
        parallel_for(compared.size(), [&](size_t i) {
            const auto got = rows.subspan(i * vocab_, vocab_);
            const int64_t token = ids[static_cast<size_t>(first_row) + i + 1];
            if (source_ != nullptr) {
                const std::span expected(expected_);
                compared[i] = compare_rows(expected.subspan(expected_from + i * vocab_, vocab_), got, token);
                return;
            }
            compared[i].got_log_probability = log_probability_of(got, token);
            compared[i].got_best = likeliest_token(got);
        });
        for (size_t i = 0; i < compared.size(); ++i)
            add({window, first_row + static_cast<int64_t>(i), compared[i]});
    }

    void add(const Scored& scored) {
        const auto& row = scored.comparison;
        ++figures_.tokens;
        figures_.log_probability += row.got_log_probability;
        const auto position = static_cast<size_t>(scored.row) + 1;
        if (figures_.positions.size() <= position) figures_.positions.resize(position + 1);
        auto& sum = figures_.positions[position];
        ++sum.tokens;
        sum.kl += row.kl;
        sum.log_probability += row.got_log_probability;
        if (figures_.source) {
            auto& source = *figures_.source;
            source.log_probability += row.expected_log_probability;
            ++source.tokens;
            source.kl += row.kl;
            source.kl_squares += row.kl * row.kl;
            source.largest_kl = std::max(source.largest_kl, row.kl);
            source.same_best += row.expected_best == row.got_best ? 1 : 0;
        }
        keep_worst(scored);
    }

    void keep_worst(const Scored& scored) {
        const auto& row = scored.comparison;
        const WorstToken token{
            scored.window, scored.row + 1,   row.kl, row.got_log_probability, row.expected_log_probability,
            row.got_best,  row.expected_best};
        const auto badness = [&](const WorstToken& each) {
            return source_ != nullptr ? each.kl : -each.log_probability;
        };
        auto& worst = figures_.worst;
        const auto place = std::upper_bound(
            worst.begin(), worst.end(), token,
            [&](const auto& left, const auto& right) { return badness(left) > badness(right); });
        worst.insert(place, token);
        if (worst.size() > kWorstTokens) worst.pop_back();
    }

    const std::vector<Sequence>& windows_;
    const LogitRows& baked_;
    const LogitRows* source_;
    size_t vocab_;
    std::vector<float> expected_;  // the source's rows that are compared now
    TextFigures figures_;
};

double mean(double sum, int64_t count) {
    return count == 0 ? 0 : sum / static_cast<double>(count);
}

}  // namespace

double TextFigures::perplexity() const {
    return std::exp(-mean(log_probability, tokens));
}
double SourceFigures::perplexity() const {
    return std::exp(-mean(log_probability, tokens));
}
double SourceFigures::mean_kl() const {
    return mean(kl, tokens);
}
double SourceFigures::kl_error() const {
    if (tokens < 2) return 0;
    const double variance = mean(kl_squares, tokens) - mean_kl() * mean_kl();
    return std::sqrt(std::max(0.0, variance) / static_cast<double>(tokens - 1));
}
double SourceFigures::top1_agreement() const {
    return mean(static_cast<double>(same_best), tokens);
}

TextFigures measure_text(const std::vector<Sequence>& windows, const LogitRows& baked,
                         const LogitRows* source, size_t first, Reporter& reporter) {
    return Measuring(windows, baked, source).measure(first, reporter);
}

}  // namespace ovenbird
