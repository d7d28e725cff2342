#pragma once
// The static graphs with a key/value cache as an Engine: the device never sees a shape that it was not
// compiled for, and tokens are computed once.

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "device/device.hpp"
#include "device/embedder.hpp"
#include "model/manifest.hpp"
#include "run/engine.hpp"
#include "run/kept_tokens.hpp"

namespace ovenbird {

/// Compiles one graph of the folder.
using GraphCompiler = std::function<std::unique_ptr<CompiledSession>(const CacheGraph&)>;

/// Keeps one cache, as long as the bucket in use (256 tokens, then 512, …), on the host, and places what each
/// run computed in it. Graphs are compiled when they are first needed.
class StaticCacheEngine : public Engine {
public:
    /// Compiles the smallest bucket's decode graph at once, so that a device that refuses is known.
    /// `embedder`: for graphs that take inputs_embeds. Errors: device, unsupported (graphs that contradict
    /// each other).
    StaticCacheEngine(const Manifest& manifest, GraphCompiler compile, int64_t pad_id,
                      std::unique_ptr<Embedder> embedder = nullptr);

    int64_t window_tokens() const override { return context_; }
    int64_t vocab_size() const override { return vocab_size_; }
    std::span<const float> next_logits(std::span<const int64_t> ids) override { return logits_after(ids, 1); }
    int64_t most_rows() const override;
    std::span<const float> logits_after(std::span<const int64_t> ids, int64_t rows) override;
    const std::string& device() const override { return device_; }
    std::string input_shapes() const override;
    int64_t computed_tokens() const override { return kept_.appended(); }

    /// Bytes of the largest cache that a sequence of window_tokens() needs.
    uint64_t cache_bytes() const override;

private:
    struct Graph {
        CacheGraph shape;
        std::unique_ptr<CompiledSession> session;
        ov::Tensor ids, mask, positions;
        std::vector<ov::Tensor> fresh;  // present.*, in the order of caches_
    };
    // Keys or values of one layer.
    struct Cache {
        std::string name;   // "0.key"
        ov::Tensor tensor;  // f16 [1, heads, past, head size]
    };
    Graph& graph_for(int64_t tokens, int64_t rows);
    Graph open(const CacheGraph& shape);
    void find_caches(const CompiledSession& session);
    void connect(Graph& graph);
    void use_bucket(int64_t tokens);
    void run(Graph& graph, std::span<const int64_t> ids, int64_t rows);
    void place(const Graph& graph, size_t tokens);

    std::vector<CacheGraph> shapes_;
    GraphCompiler compile_;
    int64_t pad_id_;
    std::unique_ptr<Embedder> embedder_;
    int64_t context_ = 0;
    int64_t vocab_size_ = 0;
    std::string device_;
    int64_t past_ = 0;                                     // of the bucket in use
    std::map<std::pair<int64_t, int64_t>, Graph> graphs_;  // by past and tokens
    std::vector<Cache> caches_;
    KeptTokens kept_;
    std::vector<float> logits_;
};

}  // namespace ovenbird
