#include "bake/source/gguf_vocabulary.hpp"
#include "bake/source/printable.hpp"
#include "base/error.hpp"

namespace ovenbird {

std::vector<Merge> read_bpe_merges(const GgufMetadata& metadata, const Vocabulary& vocabulary) {
    const GgufStrings* lines = metadata.texts("tokenizer.ggml.merges");
    if (lines == nullptr) {
        fail(ErrorCode::invalid_input,
             "{}: metadata tokenizer.ggml.merges is missing; convert the model again", metadata.origin());
    }
    std::vector<Merge> merges;
    merges.reserve(lines->size());
    std::string joined;
    for (size_t i = 0; i < lines->size(); ++i) {
        const std::string_view line = (*lines)[i];
        // From the second byte on: the left part has at least one.
        const size_t space = line.find(' ', 1);
        const auto left = vocabulary.ids.find(line.substr(0, space));
        const auto right = space == std::string_view::npos ? vocabulary.ids.end()
                                                           : vocabulary.ids.find(line.substr(space + 1));
        bool known = left != vocabulary.ids.end() && right != vocabulary.ids.end();
        if (known) {
            joined.assign(left->first).append(right->first);
            known = vocabulary.ids.contains(joined);
        }
        if (!known) {
            fail(ErrorCode::invalid_input,
                 "{}: tokenizer.ggml.merges[{}] '{}' does not join two tokens into a third",
                 metadata.origin(), i, printable(line));
        }
        merges.push_back({left->second, right->second});
    }
    return merges;
}

}  // namespace ovenbird
