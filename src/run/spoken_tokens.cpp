#include "run/spoken_tokens.hpp"

#include <algorithm>

namespace ovenbird {

size_t SpokenTokens::shared_bytes(std::string_view text) const {
    return static_cast<size_t>(std::mismatch(text_.begin(), text_.end(), text.begin(), text.end()).first -
                               text_.begin());
}

SpokenTokens::Encoded SpokenTokens::encode(const Tokenizer& tokenizer, std::string text) const {
    const std::vector<int64_t> whole = tokenizer.encode(text, false);
    const size_t common = shared_bytes(text);
    size_t cuts = 0;
    while (cuts < cuts_.size() && cuts_[cuts].bytes <= common)
        ++cuts;
    if (cuts == 0) return {std::move(text), whole, 0};
    const Cut cut = cuts_[cuts - 1];
    std::vector<int64_t> ids(ids_.begin(), ids_.begin() + static_cast<std::ptrdiff_t>(cut.tokens));
    const auto rest = tokenizer.encode(std::string_view(text).substr(cut.bytes), false);
    ids.insert(ids.end(), rest.begin(), rest.end());
    // Some tokenizers put a space before whatever they are given, so before the rest, too.
    if (tokenizer.decode(ids, false) != tokenizer.decode(whole, false)) return {std::move(text), whole, 0};
    return {std::move(text), std::move(ids), cuts};
}

void SpokenTokens::keep(Encoded sent) {
    cuts_.resize(sent.cuts);
    cuts_.push_back({sent.text.size(), sent.ids.size()});
    text_ = std::move(sent.text);
    ids_ = std::move(sent.ids);
}

void SpokenTokens::append(const Tokenizer& tokenizer, const std::vector<int64_t>& generated) {
    // A model's table may be larger than its tokenizer's: such an id has no text.
    const auto known = [&](int64_t id) { return tokenizer.id_to_token(id).has_value(); };
    if (!std::all_of(generated.begin(), generated.end(), known)) return;
    text_ += tokenizer.decode(generated, false);
    ids_.insert(ids_.end(), generated.begin(), generated.end());
    cuts_.push_back({text_.size(), ids_.size()});
}

}  // namespace ovenbird
