#include "run/state_snapshots.hpp"

#include <algorithm>

namespace ovenbird {
namespace {

// Besides that before drafts. The next turn of a conversation goes on a little before the last prompt's end.
constexpr std::ptrdiff_t kMost = 3;

}  // namespace

int64_t StateSnapshots::resume_at(int64_t kept) const {
    if (at_ && *at_ <= kept) return *at_;
    int64_t best = 0;
    for (const Snapshot& snapshot : snapshots_)
        if (snapshot.place <= kept) best = std::max(best, snapshot.place);
    return best;
}

const StateSnapshots::Values* StateSnapshots::go_to(int64_t place) {
    std::erase_if(snapshots_, [&](const Snapshot& snapshot) { return snapshot.place > place; });
    if (at_ == place) return nullptr;
    at_ = place;
    for (const Snapshot& snapshot : snapshots_)
        if (snapshot.place == place) return &snapshot.values;
    return nullptr;
}

bool StateSnapshots::is_kept() const {
    return !at_ || *at_ == 0 ||
           std::any_of(snapshots_.begin(), snapshots_.end(),
                       [&](const Snapshot& snapshot) { return snapshot.place == *at_; });
}

void StateSnapshots::keep(Values values, bool before_drafts) {
    if (!at_ || is_kept()) return;
    if (before_drafts)
        std::erase_if(snapshots_, [](const Snapshot& snapshot) { return snapshot.before_drafts; });
    snapshots_.push_back({*at_, std::move(values), before_drafts});
    const auto is_other = [](const Snapshot& snapshot) { return !snapshot.before_drafts; };
    if (std::count_if(snapshots_.begin(), snapshots_.end(), is_other) > kMost)
        snapshots_.erase(std::find_if(snapshots_.begin(), snapshots_.end(), is_other));
}

void StateSnapshots::replace(int64_t tokens) {
    at_ = tokens;
    snapshots_.clear();
}

}  // namespace ovenbird
