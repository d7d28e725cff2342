#include "bake/cache_graphs.hpp"

#include <algorithm>

#include "bake/freeze/freeze.hpp"
#include "bake/freeze/ir_file.hpp"
#include "bake/graph/decoder.hpp"
#include "base/error.hpp"
#include "base/platform/process.hpp"
#include "device/paged_attention.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kDraftTokens = kStatefulLogitRows;  // verified at once
constexpr const char* kDynamicGraph = "graphs/dynamic.xml";

std::shared_ptr<ov::Model> build_static(const ModelConfig& config, const CompressedWeights& weights,
                                        const BakeOptions& options, const CacheGraph& graph,
                                        int64_t context) {
    auto model = build_decoder(config, weights.tensors,
                               {.activations_scale_factor = options.activations_scale_factor,
                                .cache = CacheKind::inputs,
                                .past = graph.past,
                                .tokens = graph.tokens});
    // A chunk that is not full has padding behind it, whose positions are looked up as well.
    freeze_cached(model, context + kChunkTokens, graph.tokens > 1 && !graph.all_rows);
    if (options.embedding == "host") (void)split_off_embedding(model);
    return model;
}

void verify_written(const fs::path& xml, const fs::path& bin) {
    const auto read = read_ir(xml, bin);
    const auto violations = find_violations(read.model);
    if (violations.empty()) return;
    fail(ErrorCode::verification, "{}: the graph is not what an NPU takes: {}; please report this",
         xml.string(), violations.front().text);
}

}  // namespace

int64_t cache_context(const BakeOptions& options, const ModelConfig& config) {
    const int64_t context = std::min(options.context, config.max_positions);
    return context < kSmallestContext ? 0 : context;
}

std::vector<CacheGraph> plan_cache_graphs(int64_t context) {
    std::vector<CacheGraph> graphs;
    for (int64_t bucket = kSmallestContext;; bucket = std::min(2 * bucket, context)) {
        const auto add = [&](const char* kind, int64_t tokens, bool all_rows) {
            graphs.push_back(
                {fmt::format("graphs/{}_{}.xml", kind, bucket), tokens, bucket - 1, bucket, all_rows});
        };
        add("decode", 1, false);
        add("verify", kDraftTokens, true);
        add("prefill", kChunkTokens, false);
        if (bucket == context) return graphs;
    }
}

void write_cache_graphs(const ModelConfig& config, const CompressedWeights& weights,
                        const BakeOptions& options, const fs::path& folder, Manifest& manifest,
                        Reporter& reporter) {
    const int64_t context = cache_context(options, config);
    if (context == 0) {
        if (options.context > 0)
            reporter.note(fmt::format("no graphs with a cache: the model's {} positions are below {}",
                                      config.max_positions, kSmallestContext));
        return;
    }
    fs::create_directories(folder / "graphs");
    const fs::path bin = folder / kModelBinName;
    const auto dynamic = build_decoder(
        config, weights.tensors,
        {.activations_scale_factor = options.activations_scale_factor, .cache = CacheKind::states});
    std::vector<int64_t> windows(config.layers.size());
    std::transform(config.layers.begin(), config.layers.end(), windows.begin(),
                   [](const LayerConfig& layer) { return layer.sliding_window; });
    dynamic->set_rt_info(fmt::format("{}", fmt::join(windows, " ")), "ovenbird", kSlidingWindows);
    write_ir(dynamic, folder / kDynamicGraph, bin, weights.file_bytes);
    manifest.dynamic_graph = kDynamicGraph;
    manifest.context = context;
    if (options.form == "folded") return;
    manifest.graphs = plan_cache_graphs(context);
    reporter.note(
        fmt::format("{} graphs with a cache, for up to {} tokens", manifest.graphs.size() + 1, context));
    for (const auto& graph : manifest.graphs) {
        check_interrupted();
        const auto model = build_static(config, weights, options, graph, context);
        write_ir(model, folder / graph.file, bin, weights.file_bytes);
        verify_written(folder / graph.file, bin);
    }
}

}  // namespace ovenbird
