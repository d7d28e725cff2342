#include "run/static_cache_engine.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/error.hpp"
#include "run/logits.hpp"
#include "run/telemetry.hpp"

namespace ovenbird {
namespace {

const std::string kPast = "past_key_values.";

// Copies the first `tokens` of each head's rows from one [1, heads, *, size] tensor into another, from row
// `at` on.
void copy_rows(const ov::Tensor& from, ov::Tensor& to, size_t at, size_t tokens) {
    const auto& source = from.get_shape();
    const auto& target = to.get_shape();
    const size_t row = source[3] * from.get_element_type().size();
    const auto* bytes = static_cast<const std::byte*>(from.data());
    auto* place = static_cast<std::byte*>(to.data());
    for (size_t head = 0; head < source[1]; ++head) {
        std::memcpy(place + (head * target[2] + at) * row, bytes + head * source[2] * row, tokens * row);
    }
}

ov::Tensor zeros(const ov::element::Type& type, const ov::Shape& shape) {
    ov::Tensor tensor(type, shape);
    std::memset(tensor.data(), 0, tensor.get_byte_size());
    return tensor;
}

}  // namespace

StaticCacheEngine::StaticCacheEngine(const Manifest& manifest, GraphCompiler compile, int64_t pad_id,
                                     std::unique_ptr<Embedder> embedder)
    : shapes_(manifest.graphs),
      compile_(std::move(compile)),
      pad_id_(pad_id),
      embedder_(std::move(embedder)),
      context_(manifest.context) {
    if (shapes_.empty()) fail(ErrorCode::unsupported, "the folder has no graphs with a cache; bake it again");
    past_ = std::min_element(shapes_.begin(), shapes_.end(), [](const auto& a, const auto& b) {
                return a.past < b.past;
            })->past;
    const Graph& decode = graph_for(1, 1);
    device_ = decode.session->device();
    vocab_size_ = decode.session->model().output("logits").get_partial_shape()[2].get_length();
}

void StaticCacheEngine::find_caches(const CompiledSession& session) {
    for (const auto& input : session.model().inputs()) {
        const std::string name = input.get_any_name();
        if (!name.starts_with(kPast)) continue;
        caches_.push_back({name.substr(kPast.size()), zeros(ov::element::f16, input.get_shape())});
    }
    if (caches_.empty()) fail(ErrorCode::unsupported, "a graph with a cache has no inputs {}*", kPast);
}

void StaticCacheEngine::connect(Graph& graph) {
    for (size_t i = 0; i < caches_.size(); ++i) {
        graph.session->set_input(kPast + caches_[i].name, caches_[i].tensor);
        if (graph.fresh.size() > i) continue;
        ov::Shape shape = caches_[i].tensor.get_shape();
        shape[2] = static_cast<size_t>(graph.shape.tokens);
        graph.fresh.emplace_back(ov::element::f16, shape);
        graph.session->set_output("present." + caches_[i].name, graph.fresh[i]);
    }
}

StaticCacheEngine::Graph StaticCacheEngine::open(const CacheGraph& shape) {
    Graph graph;
    graph.shape = shape;
    graph.session = compile_(shape);
    if (caches_.empty()) find_caches(*graph.session);
    connect(graph);
    const auto tokens = static_cast<size_t>(shape.tokens);
    graph.ids = zeros(ov::element::i64, {1, tokens});
    graph.positions = zeros(ov::element::i64, {1, tokens});
    graph.mask = zeros(ov::element::i64, {1, static_cast<size_t>(shape.past) + tokens});
    graph.session->set_input("attention_mask", graph.mask);
    graph.session->set_input("position_ids", graph.positions);
    if (embedder_ == nullptr) graph.session->set_input("input_ids", graph.ids);
    return graph;
}

StaticCacheEngine::Graph& StaticCacheEngine::graph_for(int64_t tokens, int64_t rows) {
    const CacheGraph* best = nullptr;  // the smallest that takes them, else the largest there is
    for (const auto& shape : shapes_) {
        if (shape.past != past_ || (rows > 1 && !shape.all_rows)) continue;
        const bool better = best == nullptr ||
                            (best->tokens < tokens ? shape.tokens > best->tokens
                                                   : shape.tokens >= tokens && shape.tokens < best->tokens);
        if (better) best = &shape;
    }
    if (best == nullptr) fail(ErrorCode::internal, "no graph gives logits for {} rows", rows);
    const std::pair key{past_, best->tokens};
    const auto found = graphs_.find(key);
    if (found != graphs_.end()) return found->second;
    return graphs_.emplace(key, open(*best)).first->second;
}

// Moves to the smallest bucket that holds a sequence of so many tokens, and takes the cache along.
void StaticCacheEngine::use_bucket(int64_t tokens) {
    int64_t past = 0;
    for (const auto& shape : shapes_) {
        if (shape.past + 1 >= tokens && (past == 0 || shape.past < past)) past = shape.past;
    }
    if (past <= past_) return;  // a larger bucket stays in use: its cache holds what is kept
    past_ = past;
    for (auto& cache : caches_) {
        ov::Shape shape = cache.tensor.get_shape();
        shape[2] = static_cast<size_t>(past);
        ov::Tensor larger = zeros(ov::element::f16, shape);
        copy_rows(cache.tensor, larger, 0, static_cast<size_t>(kept_.count()));
        cache.tensor = larger;
    }
    // The smaller bucket's graphs are not needed while this sequence grows; their memory is.
    graphs_.clear();
}

void StaticCacheEngine::run(Graph& graph, std::span<const int64_t> ids, int64_t rows) {
    const auto kept = static_cast<size_t>(kept_.count());
    const auto past = static_cast<size_t>(graph.shape.past);
    const size_t tokens = graph.ids.get_size();
    auto* mask = graph.mask.data<int64_t>();
    for (size_t i = 0; i < past + tokens; ++i)
        mask[i] = i < kept || (i >= past && i < past + ids.size()) ? 1 : 0;
    std::iota(graph.positions.data<int64_t>(), graph.positions.data<int64_t>() + tokens, kept_.count());
    std::fill_n(graph.ids.data<int64_t>(), tokens, pad_id_);
    std::copy(ids.begin(), ids.end(), graph.ids.data<int64_t>());
    if (embedder_ != nullptr)
        graph.session->set_input("inputs_embeds", embedder_->rows({graph.ids.data<int64_t>(), tokens}));
    graph.session->infer();
    place(graph, std::min(ids.size(), past - kept));
    const size_t first = graph.shape.all_rows ? ids.size() - static_cast<size_t>(rows) : 0;
    logits_.resize(static_cast<size_t>(rows * vocab_size_));
    read_logits(graph.session->output("logits"), first, logits_);
}

void StaticCacheEngine::place(const Graph& graph, size_t tokens) {
    for (size_t i = 0; i < caches_.size(); ++i)
        copy_rows(graph.fresh[i], caches_[i].tensor, static_cast<size_t>(kept_.count()), tokens);
}

int64_t StaticCacheEngine::most_rows() const {
    int64_t most = 1;
    for (const auto& shape : shapes_)
        if (shape.all_rows) most = std::max(most, shape.tokens);
    return most;
}

std::span<const float> StaticCacheEngine::logits_after(std::span<const int64_t> ids, int64_t rows) {
    if (static_cast<int64_t>(ids.size()) < rows || static_cast<int64_t>(ids.size()) > context_)
        fail(ErrorCode::internal, "{} tokens do not fit a context of {}", ids.size(), context_);
    kept_.truncate(kept_.shared_with(ids, rows));
    use_bucket(static_cast<int64_t>(ids.size()));
    auto rest = ids.subspan(static_cast<size_t>(kept_.count()));
    while (!rest.empty()) {
        // Several rows are the last ones: what stands before them goes first.
        const auto left = static_cast<int64_t>(rest.size());
        const bool last = left <= most_rows() || rows == 1;
        const int64_t wanted = last ? rows : 1;
        Graph& graph = graph_for(last ? left : left - rows, wanted);
        const auto most = static_cast<size_t>(std::min(graph.shape.tokens, last ? left : left - rows));
        const auto now = rest.first(most);
        run(graph, now, wanted);
        // The last token of a full context has no place, and needs none: nothing can follow it.
        const auto placed = std::min<int64_t>(static_cast<int64_t>(now.size()), past_ - kept_.count());
        kept_.append(now.first(static_cast<size_t>(placed)));
        rest = rest.subspan(now.size());
    }
    return logits_;
}

std::string StaticCacheEngine::input_shapes() const {
    const Graph& decode = graphs_.begin()->second;
    std::vector<std::pair<std::string, ov::Tensor>> sent{
        {"input_ids", decode.ids}, {"attention_mask", decode.mask}, {"position_ids", decode.positions}};
    if (embedder_ != nullptr) sent.erase(sent.begin());
    for (const auto& cache : caches_)
        sent.emplace_back(kPast + cache.name, cache.tensor);
    return shapes_line(sent);
}

uint64_t StaticCacheEngine::cache_bytes() const {
    uint64_t bytes = 0;
    for (const auto& cache : caches_) {
        const auto& shape = cache.tensor.get_shape();
        bytes += shape[1] * static_cast<uint64_t>(context_ - 1) * shape[3] * 2;
    }
    return bytes;
}

}  // namespace ovenbird
