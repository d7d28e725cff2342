#pragma once
// The static graphs with a key/value cache as an Engine: the device never sees a shape that it was not
// compiled for, and tokens are computed once.

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "device/device.hpp"
#include "device/embedder.hpp"
#include "run/chunked_engine.hpp"
#include "run/host_cache.hpp"
#include "run/step_inputs.hpp"

namespace ovenbird {

/// Compiles one graph of the folder.
using GraphCompiler = std::function<std::unique_ptr<CompiledGraph>(const Step&)>;

/// Keeps one cache, as long as the bucket in use (256 tokens, then 512, …), on the host, and places what each
/// run computed in it. Graphs are compiled when they are first needed.
class StaticCacheEngine : public ChunkedEngine {
public:
    /// Compiles the smallest bucket's decode graph at once, so that a device that refuses is known.
    /// `embedder`: for graphs that take inputs_embeds. Errors: device, unsupported (graphs that contradict
    /// each other).
    StaticCacheEngine(const Manifest& manifest, GraphCompiler compile, int64_t pad_id,
                      std::unique_ptr<Embedder> embedder = nullptr);

private:
    std::span<const float> run(const Step& shape, const Chunk& chunk, const StopAsked& stop) override;
    void use_bucket(int64_t context) override;
    HostCache& cache() override { return cache_; }
    const HostCache& cache() const override { return cache_; }

    struct Graph {
        std::unique_ptr<CompiledGraph> session;
        StepInputs inputs;
        std::vector<Tensor> fresh;  // present.*, in the order of the cache's parts
    };
    Graph& graph_of(const Step& shape);
    Graph open(const Step& shape);
    void find_caches(const CompiledGraph& session);
    void connect(Graph& graph, const Step& shape);
    std::string shapes_sent(const Graph& decode, int64_t past) const;

    GraphCompiler compile_;
    int64_t pad_id_ = 0;
    std::unique_ptr<Embedder> embedder_;
    std::map<std::string, Graph> graphs_;  // by file
    HostCache cache_;
    std::vector<float> logits_;
};

}  // namespace ovenbird
