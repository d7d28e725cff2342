#include "run/static_cache_engine.hpp"

#include <cstring>
#include <string_view>

#include <fmt/format.h>

#include "base/error.hpp"
#include "model/decoder_names.hpp"
#include "run/input_shapes.hpp"
#include "run/logits.hpp"

namespace ovenbird {
namespace {

Tensor zeros(ElementType type, const Shape& shape) {
    Tensor tensor(type, shape);
    std::memset(tensor.data(), 0, tensor.bytes());
    return tensor;
}

}  // namespace

StaticCacheEngine::StaticCacheEngine(const Manifest& manifest, GraphCompiler compile, int64_t pad_id,
                                     std::unique_ptr<Embedder> embedder)
    : ChunkedEngine(manifest.graphs, manifest.context),
      compile_(std::move(compile)),
      embedder_(std::move(embedder)),
      cache_(manifest.context - 1, zeros) {
    const Step& step = shape_for(1, 1);
    const Graph& decode = graph_of(step);
    const int64_t vocab_size = decode.session->output_port("logits").shape[2].least;
    pad_id_ = filler_id(pad_id, vocab_size);
    describe({.window_tokens = context(),
              .vocab_size = vocab_size,
              .most_rows = most_rows_of_graphs(),
              .device = decode.session->device(),
              .cache_bytes = cache_.bytes(),
              .input_shapes = shapes_sent(decode, step.past)});
}

void StaticCacheEngine::find_caches(const CompiledGraph& session) {
    for (const auto& input : session.inputs()) {
        const std::string name = input.name;
        if (!name.starts_with(kPast)) continue;
        const Shape shape = input.shape.to_shape();
        if (is_whole_state(name)) {
            cache_.add_whole(name.substr(kPast.size()), shape);
            continue;
        }
        cache_.add(name.substr(kPast.size()), static_cast<int64_t>(shape.at(1)),
                   static_cast<int64_t>(shape.at(3)));
    }
    if (cache_.size() == 0) fail(ErrorCode::unsupported, "a graph with a cache has no inputs {}*", kPast);
}

void StaticCacheEngine::connect(Graph& graph, const Step& shape) {
    for (size_t part = 0; part < cache_.size(); ++part) {
        graph.session->set_input(fmt::format("{}{}", kPast, cache_.name(part)),
                                 cache_.view(part, shape.past));
        graph.fresh.push_back(cache_.make_fresh(part, shape.tokens));
        graph.session->set_output(fmt::format("{}{}", kPresent, cache_.name(part)), graph.fresh.back());
    }
}

StaticCacheEngine::Graph StaticCacheEngine::open(const Step& shape) {
    Graph graph;
    graph.session = compile_(shape);
    if (cache_.size() == 0) find_caches(*graph.session);
    connect(graph, shape);
    graph.inputs = StepInputs(shape.tokens, shape.past);
    graph.session->set_input("attention_mask", graph.inputs.mask);
    graph.session->set_input("position_ids", graph.inputs.positions);
    if (embedder_ == nullptr) graph.session->set_input("input_ids", graph.inputs.ids);
    return graph;
}

StaticCacheEngine::Graph& StaticCacheEngine::graph_of(const Step& shape) {
    const auto found = graphs_.find(shape.name);
    if (found != graphs_.end()) return found->second;
    return graphs_.emplace(shape.name, open(shape)).first->second;
}

void StaticCacheEngine::use_bucket([[maybe_unused]] int64_t context) {
    // The smaller bucket's graphs are not needed while this sequence grows; their memory is. The cache's rows
    // move when a larger one's graph runs.
    graphs_.clear();
}

std::span<const float> StaticCacheEngine::run(const Step& shape, const Chunk& chunk, const StopAsked& stop) {
    Graph& graph = graph_of(shape);
    graph.inputs.fill(chunk.ids, chunk.kept, pad_id_);
    if (embedder_ != nullptr) {
        const std::span padded(graph.inputs.ids.data<int64_t>(), graph.inputs.ids.size());
        graph.session->set_input("inputs_embeds", embedder_->rows(padded));
    }
    for (size_t part = 0; part < cache_.size(); ++part)
        cache_.set_past(part, shape.past, chunk.kept);
    if (!graph.session->infer(chunk.ids.size() > 1 ? stop : StopAsked())) return {};
    for (size_t part = 0; part < cache_.size(); ++part)
        cache_.place(part, graph.fresh[part], chunk.kept, chunk.placed);
    const size_t first = shape.all_rows ? chunk.ids.size() - static_cast<size_t>(chunk.rows) : 0;
    logits_.resize(static_cast<size_t>(chunk.rows * vocab_size()));
    read_logits(graph.session->output("logits"), first, logits_);
    return logits_;
}

std::string StaticCacheEngine::shapes_sent(const Graph& decode, int64_t past) const {
    std::vector<std::pair<std::string, Tensor>> sent{{"input_ids", decode.inputs.ids},
                                                     {"attention_mask", decode.inputs.mask},
                                                     {"position_ids", decode.inputs.positions}};
    if (embedder_ != nullptr) sent.erase(sent.begin());
    for (size_t part = 0; part < cache_.size(); ++part)
        sent.emplace_back(fmt::format("{}{}", kPast, cache_.name(part)), cache_.view(part, past));
    return shapes_line(sent);
}

}  // namespace ovenbird
