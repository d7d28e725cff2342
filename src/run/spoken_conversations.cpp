#include "run/spoken_conversations.hpp"

namespace ovenbird {

// Of equals the last one; the number of them where none shares anything.
size_t SpokenConversations::closest(const std::string& text) const {
    size_t best = conversations_.size();
    size_t most = 0;
    for (size_t i = 0; i < conversations_.size(); ++i) {
        const size_t shared = conversations_[i].shared_bytes(text);
        if (shared <= most) continue;
        most = shared;
        best = i;
    }
    return best;
}

SpokenTokens::Encoded SpokenConversations::encode(const Tokenizer& tokenizer, const std::string& text) {
    const size_t at = closest(text);
    return at == conversations_.size() ? SpokenTokens().encode(tokenizer, text)
                                       : conversations_[at].encode(tokenizer, text);
}

void SpokenConversations::keep(const Tokenizer& tokenizer, SpokenTokens::Encoded sent,
                               const std::vector<int64_t>& generated) {
    const size_t at = closest(sent.text);
    SpokenTokens spoken;
    if (at < conversations_.size()) {
        // One that goes on is replaced; one that only begins alike (a system message) stays beside it.
        const bool goes_on = conversations_[at].shared_bytes(sent.text) == conversations_[at].bytes();
        spoken = conversations_[at];
        if (goes_on) conversations_.erase(conversations_.begin() + static_cast<std::ptrdiff_t>(at));
    }
    spoken.keep(std::move(sent));
    spoken.append(tokenizer, generated);
    conversations_.push_front(std::move(spoken));
    if (conversations_.size() > most_) conversations_.pop_back();
}

}  // namespace ovenbird
