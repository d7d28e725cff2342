#pragma once
// Text that the Rust bridge owns, freed when it goes out of scope.

#include <string>

#include "ovenbird_bridge.h"

namespace ovenbird {

class BridgeText {
public:
    BridgeText() = default;
    BridgeText(const BridgeText&) = delete;
    BridgeText& operator=(const BridgeText&) = delete;
    ~BridgeText() { ob_string_free(&text_); }
    ObString* out() { return &text_; }
    std::string str() const { return text_.data ? std::string(text_.data, text_.size) : std::string(); }

private:
    ObString text_{};
};

}  // namespace ovenbird
