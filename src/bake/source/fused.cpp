#include "bake/source/fused.hpp"

#include "bake/source/printable.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

// "model.layers.7.mlp.up_proj.weight" in three: "model.layers.7.", "mlp.up_proj" and ".weight".
struct Spelling {
    std::string_view layer;
    std::string_view module;
    std::string_view kind;
};

Spelling spelling_of(std::string_view name) {
    constexpr std::string_view kLayers = "model.layers.";
    if (!name.starts_with(kLayers)) return {};
    const auto module = name.find('.', kLayers.size());
    const auto kind = name.rfind('.');
    if (module == std::string_view::npos || kind <= module) return {};
    return {name.substr(0, module + 1), name.substr(module + 1, kind - module - 1), name.substr(kind)};
}

// `count` of `all` equal shares, from the one called `first` on.
SourceTensor shares_of(const SourceTensor& whole, int64_t first, int64_t count, int64_t all) {
    SourceTensor part = whole;
    const int64_t rows = whole.shape[0] / all;
    const size_t bytes = whole.bytes.size() / static_cast<size_t>(all);
    part.shape[0] = count * rows;
    part.packed_row += first * rows;
    part.bytes = whole.bytes.subspan(static_cast<size_t>(first) * bytes, static_cast<size_t>(count) * bytes);
    return part;
}

int64_t shares_of(const FusedPart& part, const JsonObject& config) {
    if (part.shares == nullptr) return 1;
    // Where there is no number of key heads it is that of all.
    const int64_t shares =
        config.has(part.shares) ? config.integer(part.shares) : config.integer("num_attention_heads");
    if (shares >= 1 && shares <= 65536) return shares;
    fail(ErrorCode::invalid_input, "{}: {} is {}, expected 1 to 65536", config.origin(), part.shares, shares);
}

}  // namespace

void split_fused(std::map<std::string, SourceTensor, std::less<>>& tensors,
                 std::span<const FusedTensor> fused, const JsonObject& config) {
    if (fused.empty()) return;
    std::map<std::string, SourceTensor, std::less<>> result;
    const auto add = [&](std::string name, SourceTensor tensor) {
        tensor.name = name;
        if (result.emplace(name, std::move(tensor)).second) return;
        fail(ErrorCode::invalid_input,
             "tensor {} is there twice: alone and as a part of another; is this one model?", printable(name));
    };
    for (const auto& [name, tensor] : tensors) {
        const Spelling spelling = spelling_of(name);
        const FusedTensor* row = nullptr;
        for (const FusedTensor& candidate : fused)
            if (spelling.module == candidate.name) row = &candidate;
        if (row == nullptr) {
            add(name, tensor);
            continue;
        }
        int64_t all = 0;
        for (const FusedPart& part : row->parts)
            all += shares_of(part, config);
        if (tensor.shape[0] % all != 0) {
            fail(ErrorCode::invalid_input, "tensor {} has {} rows, which are not {} equal parts",
                 printable(name), tensor.shape[0], all);
        }
        int64_t first = 0;
        for (const FusedPart& part : row->parts) {
            const int64_t count = shares_of(part, config);
            add(std::string(spelling.layer) + part.name + std::string(spelling.kind),
                shares_of(tensor, first, count, all));
            first += count;
        }
    }
    tensors = std::move(result);
}

}  // namespace ovenbird
