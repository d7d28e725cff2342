#include "run/kept_sequences.hpp"

#include <algorithm>
#include <optional>

namespace ovenbird {
namespace {

// Fewer tokens are computed about as fast as their keys and values are copied.
constexpr int64_t kWorthCopying = 32;

int64_t shared(std::span<const int64_t> a, std::span<const int64_t> b) {
    return std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
}

}  // namespace

// The one that shares most with `ids`, and more than so many tokens.
std::list<KeptCopy>::iterator KeptSequences::closest(std::span<const int64_t> ids, int64_t better_than) {
    auto best = copies_.end();
    for (auto it = copies_.begin(); it != copies_.end(); ++it) {
        const int64_t count = shared(it->ids, ids);
        if (count <= better_than) continue;
        better_than = count;
        best = it;
    }
    return best;
}

void KeptSequences::copy(Engine& engine) {
    const auto held = engine.kept_ids();
    // Copies that are its beginning are superfluous with it.
    copies_.remove_if([&](const KeptCopy& each) {
        const bool is_beginning = shared(each.ids, held) == static_cast<int64_t>(each.ids.size());
        if (is_beginning) bytes_ -= each.bytes();
        return is_beginning;
    });
    KeptCopy made = engine.copy_kept();
    if (!made.ids.empty() && made.bytes() <= most_bytes_) add(std::move(made));
}

void KeptSequences::add(KeptCopy copy) {
    bytes_ += copy.bytes();
    copies_.push_front(std::move(copy));
    while (bytes_ > most_bytes_) {
        bytes_ -= copies_.back().bytes();
        copies_.pop_back();
    }
}

void KeptSequences::prepare(Engine& engine, std::span<const int64_t> ids) {
    if (most_bytes_ == 0) return;
    const int64_t held = shared(engine.kept_ids(), ids);
    const auto count = static_cast<int64_t>(engine.kept_ids().size());
    const auto found = closest(ids, held + kWorthCopying);
    std::optional<KeptCopy> better;
    if (found != copies_.end()) {
        // Taken out first: making room for the other one must not throw it away.
        better = std::move(*found);
        bytes_ -= better->bytes();
        copies_.erase(found);
    }
    const bool is_copied = std::any_of(copies_.begin(), copies_.end(), [&](const KeptCopy& each) {
        return shared(each.ids, engine.kept_ids()) == count;
    });
    if (count - held > kWorthCopying && !is_copied) copy(engine);
    if (!better) return;
    engine.put_back(*better);
    // The engine holds it now. What of it this sequence does not go on with, another one may.
    if (shared(better->ids, ids) + kWorthCopying < static_cast<int64_t>(better->ids.size()))
        add(std::move(*better));
}

}  // namespace ovenbird
