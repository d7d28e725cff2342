#pragma once
// SentencePiece models for tests, byte by byte.

#include <cstring>
#include <string>
#include <string_view>

namespace ovenbird {

class SpmFile {
public:
    explicit SpmFile(int algorithm) { trainer_ = std::string("\x18", 1) + static_cast<char>(algorithm); }
    /// `kind` 0 leaves it out, which means normal.
    SpmFile& piece(std::string_view text, float score, int kind = 0) {
        std::string message = field(1, text);
        message += '\x15';
        message.append(reinterpret_cast<const char*>(&score), sizeof score);
        if (kind != 0) message += std::string("\x18", 1) + static_cast<char>(kind);
        pieces_ += field(1, message);
        return *this;
    }
    std::string bytes() const { return pieces_ + field(2, trainer_); }

private:
    static std::string field(int number, std::string_view text) {
        return std::string(1, static_cast<char>(number << 3 | 2)) + static_cast<char>(text.size()) +
               std::string(text);
    }
    std::string pieces_, trainer_;
};

}  // namespace ovenbird
