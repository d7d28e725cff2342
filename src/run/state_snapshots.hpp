#pragma once
// States that are given back whole (a convolution's, the delta rule's) cannot be cut back to fewer tokens, as
// keys and values can: copies of what they were are.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace ovenbird {

/// Where in a sequence the states are, and where copies of them were made. All belong to the tokens that the
/// engine keeps: what lies behind a place to which it goes back is forgotten.
class StateSnapshots {
public:
    using Values = std::vector<std::vector<std::byte>>;

    /// Tokens that the states have seen; nothing: not known, after a run that did not end.
    std::optional<int64_t> at() const { return at_; }

    /// The last place at or before `kept` tokens from which computing can go on; 0 is always one.
    int64_t resume_at(int64_t kept) const;

    /// The states are to be those of `place`, which resume_at() gave: the copy to put back; null where at()
    /// was that already, and where they begin anew (`place` 0).
    const Values* go_to(int64_t place);

    /// A copy of the states as they are. `before_drafts`: which may be rejected; only the last such copy is
    /// kept, and of others a few.
    void keep(Values values, bool before_drafts);
    /// Whether the states as they are have a copy already, or need none.
    bool is_kept() const;

    /// A run begins: what the states are is not known until it ends.
    void begin_run() { at_.reset(); }
    void end_run(int64_t tokens) { at_ = tokens; }

    /// The states are now others, of `tokens` tokens.
    void replace(int64_t tokens);

private:
    struct Snapshot {
        int64_t place;
        Values values;
        bool before_drafts;
    };
    std::optional<int64_t> at_ = 0;
    std::vector<Snapshot> snapshots_;  // the oldest first
};

}  // namespace ovenbird
