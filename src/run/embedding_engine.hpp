#pragma once
// An embedder's static graphs on the first device that takes them: token ids in, a vector out.

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "device/device.hpp"
#include "model/manifest.hpp"

namespace ovenbird {

/// Each graph is compiled when a text needs it. Not thread-safe.
class EmbeddingEngine {
public:
    /// Opens the smallest graph. A device that refuses it, or whose first vector is not what the bake
    /// recorded, is passed over, and options.on_note hears why. `validate`: whether that is compared; none:
    /// on every device but the CPU. Errors: unsupported (`manifest` is not of an embedder), device when no
    /// device takes it, each with its reason.
    EmbeddingEngine(const std::filesystem::path& folder, Manifest manifest, DeviceOptions options,
                    std::optional<bool> validate);

    const EmbeddingFacts& facts() const { return facts_; }
    /// Of the last graph that was run.
    const std::string& device() const { return device_; }
    const std::vector<PassedOver>& passed_over() const { return passed_over_; }
    int64_t most_tokens() const { return facts().most_tokens(); }
    /// Ids are below it.
    int64_t vocabulary() const;
    double compile_seconds() const { return compile_seconds_; }

    /// Of the smallest graph that holds so many tokens, at most most_tokens(). embed() opens it where it is
    /// not, which may take minutes.
    int64_t bucket_of(int64_t tokens) const;
    bool is_open(int64_t bucket) const;
    void open(int64_t bucket) { (void)graph_for(bucket); }

    /// The vector of 1 … most_tokens() ids, as long as facts().dimension; padding does not show in it.
    /// Errors: usage (more ids), invalid_input (an id that the vocabulary has not), device.
    std::vector<float> embed(std::span<const int64_t> ids);

private:
    CompiledGraph& graph_for(int64_t bucket);
    std::unique_ptr<CompiledGraph> compiled(const std::string& device, const std::string& file,
                                            int64_t bucket);
    std::unique_ptr<CompiledGraph> validated(const std::string& device, const std::string& file,
                                             int64_t bucket);
    std::vector<float> run(CompiledGraph& graph, int64_t bucket, std::span<const int64_t> ids) const;

    std::filesystem::path folder_;
    Manifest manifest_;
    EmbeddingFacts facts_;
    DeviceOptions options_;
    std::optional<bool> validate_;
    std::map<int64_t, std::unique_ptr<CompiledGraph>> graphs_;
    std::vector<PassedOver> passed_over_;
    std::string device_;
    double compile_seconds_ = 0;
};

/// The manifest of a folder that must be an embedder's. Errors: unsupported, saying what the folder is.
Manifest read_embedder_manifest(const std::filesystem::path& folder);

/// Errors: unsupported when a folder that should write text is an embedder's.
void refuse_embedder(const std::optional<Manifest>& manifest, const std::filesystem::path& folder);

}  // namespace ovenbird
