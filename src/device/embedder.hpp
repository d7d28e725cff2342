#pragma once
// Token embeddings looked up on the host, for models baked with --embedding host.

#include <filesystem>
#include <memory>
#include <span>

#include "device/device.hpp"
#include "model/baked_folder.hpp"

namespace ovenbird {

/// Runs the lookup that the bake took out of the graph (input_ids i64 [1, any N] to inputs_embeds f32 [1, N,
/// hidden]) on the CPU: a lookup of rows, whatever their compression.
class Embedder {
public:
    /// Errors: not_found, invalid_input, device; unsupported when its inputs are others.
    Embedder(const std::filesystem::path& model_xml, const std::filesystem::path& weights_bin);

    /// Rows of `ids`. Valid until the next call. Errors: internal, device.
    Tensor rows(std::span<const int64_t> ids);

private:
    std::unique_ptr<CompiledGraph> session_;
};

/// The embedder beside a model whose input is inputs_embeds; null when it looks its tokens up itself.
std::unique_ptr<Embedder> embedder_beside(const std::filesystem::path& model_xml, const CompiledGraph& graph);

}  // namespace ovenbird
