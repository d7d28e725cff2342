#pragma once
// Strings that end an answer, found in text that arrives in pieces.

#include <string>
#include <vector>

namespace ovenbird {

/// Lets text through up to the first stop string, which itself never shows. What might become one is held
/// back until it is certain.
class StopStrings {
public:
    /// Empty strings are left out.
    explicit StopStrings(std::vector<std::string> strings);

    /// The text that is certain now.
    std::string push(const std::string& piece);
    /// What was held back, when no more comes.
    std::string finish();
    /// Whether a stop string was met: what follows it is dropped.
    bool met() const { return met_; }
    /// The one that was met, of several at one place the first given; empty: none yet.
    const std::string& which() const { return which_; }

private:
    size_t held_bytes() const;

    std::vector<std::string> strings_;
    std::string held_;
    std::string which_;
    bool met_ = false;
};

}  // namespace ovenbird
