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

SourceTensor share_of(const SourceTensor& whole, size_t index, size_t count) {
    SourceTensor share = whole;
    share.shape[0] /= static_cast<int64_t>(count);
    share.packed_row += static_cast<int64_t>(index) * share.shape[0];
    share.bytes = whole.bytes.subspan(index * (whole.bytes.size() / count), whole.bytes.size() / count);
    return share;
}

}  // namespace

void split_fused(std::map<std::string, SourceTensor, std::less<>>& tensors,
                 std::span<const FusedTensor> fused) {
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
        const size_t count = row->parts.size();
        if (tensor.shape[0] % static_cast<int64_t>(count) != 0) {
            fail(ErrorCode::invalid_input, "tensor {} has {} rows, which are not {} equal parts",
                 printable(name), tensor.shape[0], count);
        }
        for (size_t i = 0; i < count; ++i) {
            add(std::string(spelling.layer) + row->parts[i] + std::string(spelling.kind),
                share_of(tensor, i, count));
        }
    }
    tensors = std::move(result);
}

}  // namespace ovenbird
