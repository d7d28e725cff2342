#include <algorithm>

#include "text/tokenizer_state.hpp"

namespace ovenbird {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
/// An unfinished UTF-8 sequence has at most three bytes, so at most three tokens: one more is context enough.
constexpr size_t kOpenIds = 4;
/// Tokens without text of their own may be context too; beyond this many, none of them matters.
constexpr size_t kMostContextIds = 16;

}  // namespace

StreamDecoder::StreamDecoder(const Tokenizer& tokenizer, bool skip_special)
    : tokenizer_(&tokenizer), skip_special_(skip_special) {}

std::string StreamDecoder::push(int64_t id) {
    const uint32_t flags = tokenizer_->state_->flags(id);
    if (!(flags & OB_ID_KNOWN) || (skip_special_ && (flags & OB_ID_SPECIAL))) return {};
    window_.push_back(static_cast<uint32_t>(id));
    // A run of byte tokens is decoded as a whole: one bad byte at its end turns all of it into U+FFFD.
    if (flags & OB_ID_BYTE) return {};
    return settle(false);
}

std::string StreamDecoder::finish() {
    std::string rest = settle(true);
    window_.clear();
    given_bytes_ = 0;
    return rest;
}

/// The window's text beyond what was given out and up to what a later id could change.
std::string StreamDecoder::settle(bool at_end) {
    const std::string text = tokenizer_->state_->text_of(window_, false);
    const bool open = !at_end && ob_tokenizer_is_byte_level(tokenizer_->state_->handle.get()) &&
                      std::string_view(text).ends_with(kReplacement);
    const size_t certain = text.size() - (open ? kReplacement.size() : 0);
    size_t start = std::min(given_bytes_, certain);
    // Only a decoder that rewrites earlier text gets here in the middle of a character.
    while (start < certain && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80)
        ++start;
    given_bytes_ = certain;
    if (!at_end) shrink(open);
    return text.substr(start, certain - start);
}

/// Keeps of the window only what the next ids need: decoders treat a first token in their own way (they strip
/// its space), so some context with text of its own must stay, and bytes of an unfinished character.
void StreamDecoder::shrink(bool open) {
    for (size_t keep = open ? kOpenIds : 1; keep <= kMostContextIds && keep < window_.size(); keep *= 2) {
        const std::vector<uint32_t> context(window_.end() - static_cast<ptrdiff_t>(keep), window_.end());
        const std::string text = tokenizer_->state_->text_of(context, false);
        if (text.empty() && keep < kMostContextIds) continue;
        given_bytes_ = text.size() - (open && text.ends_with(kReplacement) ? kReplacement.size() : 0);
        window_ = context;
        return;
    }
}

}  // namespace ovenbird
