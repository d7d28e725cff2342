#pragma once
// The few fields of a SentencePiece model (tokenizer.model) that a tokenizer.json is made of.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ovenbird {

/// As sentencepiece_model.proto numbers them.
enum class SpmAlgorithm : int64_t { unigram = 1, bpe = 2, word = 3, character = 4 };
enum class SpmKind : int64_t { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

struct SpmPiece {
    std::string_view text;
    float score = 0;
    SpmKind kind = SpmKind::normal;
};

/// The texts point into the parsed bytes.
struct SpmModel {
    std::vector<SpmPiece> pieces;  // an id is a place in it
    SpmAlgorithm algorithm = SpmAlgorithm::unigram;
    std::string_view unknown = "<unk>";
};

/// Reads a serialised ModelProto; fields that are not needed are stepped over. Memory is bounded by the size
/// of the bytes. Errors: invalid_input (no protobuf, a length past the end, a piece that is not UTF-8, a
/// score that is no finite number, no piece at all), with `origin` and the byte.
SpmModel parse_spm_model(std::span<const std::byte> bytes, const std::string& origin);

}  // namespace ovenbird
