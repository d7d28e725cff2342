#include "bake/source/spm_model.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <optional>

#include "bake/source/printable.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

// Protobuf's wire format: a key (field number and kind) before each value.
enum class Wire : uint64_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

struct Field {
    uint64_t number = 0;
    Wire wire = Wire::varint;
    uint64_t value = 0;     // of a varint and of the fixed kinds
    std::string_view text;  // of bytes
};

class Message {
public:
    Message(std::string_view bytes, size_t offset, const std::string& origin)
        : bytes_(bytes), offset_(offset), origin_(origin) {}

    /// The next field; nothing at the end.
    std::optional<Field> next() {
        if (at_ == bytes_.size()) return std::nullopt;
        const uint64_t key = varint();
        Field field;
        field.number = key >> 3;
        field.wire = static_cast<Wire>(key & 7);
        if (field.number == 0) broken("a field without a number");
        switch (field.wire) {
            case Wire::varint:
                field.value = varint();
                return field;
            case Wire::fixed64:
                field.value = fixed(8);
                return field;
            case Wire::fixed32:
                field.value = fixed(4);
                return field;
            case Wire::bytes: {
                const uint64_t size = varint();
                if (size > bytes_.size() - at_) broken("a length that leads past the end");
                field.text = bytes_.substr(at_, size);
                at_ += size;
                return field;
            }
        }
        broken("a value of an unknown kind");
    }
    /// A message inside this one.
    Message inner(const Field& field) const {
        return {field.text, offset_ + static_cast<size_t>(field.text.data() - bytes_.data()), origin_};
    }
    [[noreturn]] void broken(const char* what) const {
        fail(ErrorCode::invalid_input,
             "{}: not a SentencePiece model: {} at byte {}; download the file again, or fetch the model's "
             "tokenizer.json",
             origin_, what, offset_ + at_);
    }

private:
    uint64_t varint() {
        uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            if (at_ == bytes_.size()) broken("a number that leads past the end");
            const auto byte = static_cast<uint8_t>(bytes_[at_++]);
            value |= static_cast<uint64_t>(byte & 0x7F) << shift;
            if (byte < 0x80) return value;
        }
        broken("a number of more than ten bytes");
    }
    uint64_t fixed(size_t size) {
        if (size > bytes_.size() - at_) broken("a number that leads past the end");
        uint64_t value = 0;
        for (size_t i = 0; i < size; ++i)
            value |= static_cast<uint64_t>(static_cast<uint8_t>(bytes_[at_ + i])) << (8 * i);
        at_ += size;
        return value;
    }

    std::string_view bytes_;
    size_t offset_;  // of bytes_ in the file
    const std::string& origin_;
    size_t at_ = 0;
};

SpmPiece read_piece(Message message) {
    SpmPiece piece;
    while (const auto field = message.next()) {
        if (field->number == 1 && field->wire == Wire::bytes) piece.text = field->text;
        if (field->number == 2 && field->wire == Wire::fixed32)
            piece.score = std::bit_cast<float>(static_cast<uint32_t>(field->value));
        if (field->number == 3 && field->wire == Wire::varint)
            piece.kind = static_cast<SpmKind>(field->value);
    }
    if (!is_utf8(piece.text)) message.broken("a piece that is not UTF-8");
    if (!std::isfinite(piece.score)) message.broken("a piece whose score is no number");
    return piece;
}

void read_trainer(Message message, SpmModel& model) {
    while (const auto field = message.next()) {
        if (field->number == 3 && field->wire == Wire::varint)
            model.algorithm = static_cast<SpmAlgorithm>(field->value);
        if (field->number == 45 && field->wire == Wire::bytes) model.unknown = field->text;
    }
    if (!is_utf8(model.unknown)) message.broken("an unknown token that is not UTF-8");
}

}  // namespace

SpmModel parse_spm_model(std::span<const std::byte> bytes, const std::string& origin) {
    Message message({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, 0, origin);
    SpmModel model;
    while (const auto field = message.next()) {
        if (field->wire != Wire::bytes) continue;
        if (field->number == 1) model.pieces.push_back(read_piece(message.inner(*field)));
        if (field->number == 2) read_trainer(message.inner(*field), model);
    }
    if (model.pieces.empty()) message.broken("no piece");
    return model;
}

}  // namespace ovenbird
