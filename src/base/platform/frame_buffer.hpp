#pragma once
// The form of the messages between FramedChild and FrameParent: what both systems' ends share.
// Part of src/base/platform/, the only folder that a port to another system touches.

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/platform/framed_child.hpp"

namespace ovenbird {

inline constexpr size_t kFrameLengthBytes = 4;

/// What goes before a message. Errors: usage (it is too long).
inline std::array<char, kFrameLengthBytes> frame_length(std::string_view message) {
    if (message.size() > kMostFrameBytes)
        fail(ErrorCode::usage, "a message of {} bytes is longer than the {} that are sent", message.size(),
             kMostFrameBytes);
    std::array<char, kFrameLengthBytes> length;
    for (size_t i = 0; i < kFrameLengthBytes; ++i)
        length[i] = static_cast<char>(static_cast<unsigned char>(message.size() >> (8 * i)));
    return length;
}

/// Bytes as they come, messages as they are whole. Memory grows with what came, not with what was announced.
class FrameBuffer {
public:
    std::string& bytes() { return bytes_; }
    bool too_long() const { return bytes_.size() >= kFrameLengthBytes && length() > kMostFrameBytes; }
    std::optional<std::string> take() {
        if (bytes_.size() < kFrameLengthBytes || bytes_.size() - kFrameLengthBytes < length())
            return std::nullopt;
        const size_t end = kFrameLengthBytes + length();
        std::string message = bytes_.substr(kFrameLengthBytes, length());
        bytes_.erase(0, end);
        return message;
    }

private:
    size_t length() const {
        size_t length = 0;
        for (size_t i = 0; i < kFrameLengthBytes; ++i)
            length |= size_t{static_cast<unsigned char>(bytes_[i])} << (8 * i);
        return length;
    }
    std::string bytes_;
};

}  // namespace ovenbird
