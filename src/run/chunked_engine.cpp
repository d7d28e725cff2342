#include "run/chunked_engine.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace ovenbird {

ChunkedEngine::ChunkedEngine(std::vector<Step> shapes, int64_t context)
    : shapes_(std::move(shapes)), context_(context), bucket_(context) {
    if (shapes_.empty()) {
        fail(ErrorCode::unsupported,
             "the folder has no static graphs with a cache of this form; bake it again");
    }
    for (const auto& shape : shapes_) {
        // A run that starts at the cache's end must reach the context's: else it would never be reached.
        const bool sound = shape.tokens > 0 && shape.past >= 0 && shape.past < context_ &&
                           shape.context <= context_ && shape.past + shape.tokens >= shape.context;
        if (!sound) {
            fail(ErrorCode::invalid_input,
                 "{}: {} tokens behind {} of {} make no sense; bake the model again", shape.name,
                 shape.tokens, shape.past, shape.context);
        }
        bucket_ = std::min(bucket_, shape.context);
    }
    const bool whole = std::any_of(shapes_.begin(), shapes_.end(), [&](const auto& shape) {
        return shape.context == context_ && shape.past == context_ - 1;
    });
    if (!whole)
        fail(ErrorCode::invalid_input, "no graph reaches the context of {} tokens; bake the model again",
             context_);
}

const Step& ChunkedEngine::shape_for(int64_t tokens, int64_t rows, int64_t past) const {
    const Step* best = nullptr;
    for (const auto& shape : shapes_) {
        if (shape.context != bucket_ || shape.past < past || (rows > 1 && !shape.all_rows)) continue;
        const bool better = best == nullptr ||
                            (best->tokens < tokens ? shape.tokens > best->tokens
                                                   : shape.tokens >= tokens && shape.tokens < best->tokens);
        if (better) best = &shape;
    }
    if (best == nullptr) fail(ErrorCode::internal, "no graph gives logits for {} rows", rows);
    return *best;
}

int64_t ChunkedEngine::most_rows_of_graphs() const {
    int64_t most = 1;
    for (const auto& shape : shapes_)
        if (shape.all_rows) most = std::max(most, shape.tokens);
    return most;
}

// The smallest bucket that holds so many tokens; a larger one stays in use: its cache holds what is kept.
void ChunkedEngine::choose_bucket(int64_t tokens) {
    int64_t bucket = 0;
    for (const auto& shape : shapes_) {
        if (shape.context >= tokens && (bucket == 0 || shape.context < bucket)) bucket = shape.context;
    }
    if (bucket <= bucket_) return;
    bucket_ = bucket;
    use_bucket(bucket);
}

std::vector<std::vector<std::byte>> ChunkedEngine::copy_cache(int64_t tokens) {
    std::vector<std::vector<std::byte>> parts;
    if (cache().has_whole() && states_.at() != tokens) return parts;
    parts.reserve(cache().size());
    for (size_t part = 0; part < cache().size(); ++part)
        parts.push_back(cache().rows(part, tokens));
    return parts;
}

void ChunkedEngine::restore_cache(const std::vector<std::vector<std::byte>>& parts, int64_t tokens) {
    choose_bucket(tokens + 1);
    for (size_t part = 0; part < parts.size(); ++part)
        cache().set_rows(part, parts[part], tokens);
    states_.replace(tokens);
}

int64_t ChunkedEngine::resume_at(int64_t kept) const {
    return cache().has_whole() ? states_.resume_at(kept) : kept;
}

// A copy of the states is made before each run of several tokens: drafts may be rejected, and the next prompt
// may go on before the last one's end.
void ChunkedEngine::bring_states_to(int64_t place, const Step& shape) {
    const bool there = states_.at() == place;
    const auto* copy = states_.go_to(place);
    if (!there && copy != nullptr) cache().set_whole_values(*copy);
    if (!there && copy == nullptr) cache().clear_whole();
    if (shape.tokens > 1 && !states_.is_kept()) states_.keep(cache().whole_values(), shape.all_rows);
    states_.begin_run();
}

Engine::Progress ChunkedEngine::compute(const Request& request) {
    const auto count = static_cast<int64_t>(request.ids.size());
    choose_bucket(count);
    // Several rows are the last ones: what stands before them goes first.
    const bool last = request.rows == 1 || count - request.kept <= most_rows();
    const int64_t rows = last ? request.rows : 1;
    const int64_t end = last ? count : count - request.rows;
    const bool has_whole = cache().has_whole();
    const Step& shape = shape_for(end - request.kept, rows, has_whole ? request.kept : 0);
    // A graph for chunks may see less of the cache than others: what is behind that is computed again, unless
    // there are states that cannot go back.
    const int64_t from = std::min(request.kept, shape.past);
    const int64_t tokens = std::min(shape.tokens, end - from);
    // The last token of a full context has no place in the cache, and needs none: nothing can follow it.
    const int64_t placed = std::min(tokens, shape.context - 1 - from);
    const auto ids = request.ids.subspan(static_cast<size_t>(from), static_cast<size_t>(tokens));
    if (has_whole) bring_states_to(from, shape);
    const auto logits = run(shape, {ids, from, placed, rows}, request.stop);
    if (logits.empty()) return {from, from, from};
    states_.end_run(from + tokens);
    return {from, from + tokens, from + placed, logits};
}

}  // namespace ovenbird
