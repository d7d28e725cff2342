// Any bytes as a SentencePiece model: an Error, or pieces of which merges can be made.

#include <cstdlib>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bake/source/printable.hpp"
#include "bake/source/spm_model.hpp"
#include "bake/source/tokenizer_json.hpp"
#include "base/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::span<const std::byte> file(reinterpret_cast<const std::byte*>(data), size);
    try {
        const ovenbird::SpmModel model = ovenbird::parse_spm_model(file, "fuzz");
        std::vector<std::string_view> texts;
        std::vector<float> scores;
        std::unordered_map<std::string_view, int64_t> ids;
        for (const auto& piece : model.pieces) {
            if (!ovenbird::is_utf8(piece.text)) std::abort();
            ids[piece.text] = static_cast<int64_t>(texts.size());
            texts.push_back(piece.text);
            scores.push_back(piece.score);
        }
        for (const auto& [left, right] : ovenbird::derive_merges(texts, scores, ids, "fuzz")) {
            const std::string joined =
                std::string(texts.at(static_cast<size_t>(left))).append(texts.at(static_cast<size_t>(right)));
            if (!ids.contains(joined)) std::abort();
        }
    } catch (const ovenbird::Error& error) {
        if (error.code() == ovenbird::ErrorCode::internal) std::abort();
    }
    return 0;
}
