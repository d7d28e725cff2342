#include <algorithm>
#include <cmath>
#include <tuple>

#include "bake/source/printable.hpp"
#include "bake/source/tokenizer_json.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

// SentencePiece's own limit is 16 characters; splitting is quadratic, so a lying file must not exceed it by
// much.
constexpr size_t kMaxPieceBytes = 512;

struct ScoredMerge {
    float score;
    size_t left_length, right_length;  // characters
    int64_t piece, left, right;        // ids

    auto order() const {
        return std::make_tuple(-score, -static_cast<int64_t>(left_length),
                               -static_cast<int64_t>(right_length), piece, left, right);
    }
};

size_t length_of(std::string_view text) {
    return static_cast<size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

std::vector<std::pair<int64_t, int64_t>> derive_merges(
    std::span<const std::string_view> pieces, std::span<const float> scores,
    const std::unordered_map<std::string_view, int64_t>& ids, const std::string& origin) {
    const auto id_of = [&](std::string_view text) {
        const auto found = ids.find(text);
        return found == ids.end() ? -1 : found->second;
    };
    std::vector<ScoredMerge> found;
    for (size_t id = 0; id < pieces.size(); ++id) {
        const std::string_view text = pieces[id];
        if (id_of(text) != static_cast<int64_t>(id)) continue;
        const float score = scores[id];
        if (std::isnan(score) || text.size() > kMaxPieceBytes) {
            fail(ErrorCode::invalid_input,
                 "{}: token {} '{}' has score {} and {} bytes; download the file again", origin, id,
                 printable(text), score, text.size());
        }
        for (size_t at = utf8_length(text, 0); at > 0 && at < text.size(); at += utf8_length(text, at)) {
            const int64_t left = id_of(text.substr(0, at));
            const int64_t right = id_of(text.substr(at));
            if (left < 0 || right < 0) continue;
            found.push_back({score, length_of(text.substr(0, at)), length_of(text.substr(at)),
                             static_cast<int64_t>(id), left, right});
        }
    }
    std::sort(found.begin(), found.end(),
              [](const ScoredMerge& a, const ScoredMerge& b) { return a.order() < b.order(); });
    std::vector<std::pair<int64_t, int64_t>> merges;
    merges.reserve(found.size());
    for (const ScoredMerge& entry : found)
        merges.emplace_back(entry.left, entry.right);
    return merges;
}

}  // namespace ovenbird
