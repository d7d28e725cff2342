#include "run/paged_engine.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/error.hpp"
#include "device/interface.hpp"
#include "run/logits.hpp"

namespace ovenbird {
namespace {

bool is_cache(const std::string& name) {
    return name.starts_with("key_cache.") || name.starts_with("value_cache.");
}

Tensor i32(const Shape& shape) {
    Tensor tensor(ElementType::i32, shape);
    std::memset(tensor.data(), 0, tensor.bytes());
    return tensor;
}

Tensor page_numbers(int64_t count) {
    auto tensor = i32({static_cast<size_t>(count)});
    std::iota(tensor.data<int32_t>(), tensor.data<int32_t>() + count, 0);
    return tensor;
}

}  // namespace

PagedEngine::PagedEngine(std::unique_ptr<CompiledGraph> chunk, std::unique_ptr<CompiledGraph> token,
                         int64_t context)
    : chunk_(std::move(chunk)),
      token_(std::move(token)),
      past_(i32({1})),
      begins_(i32({2})),
      page_begins_(i32({2})),
      length_(i32({})),
      first_row_(ElementType::i64, {1}),
      token_id_(ElementType::i64, {1}),
      token_position_(ElementType::i64, {1}) {
    const auto& shape = chunk_->output_port("logits").shape;
    if (shape.size() != 3 || !shape[2].is_static())
        fail(ErrorCode::unsupported, "output 'logits' is {}, expected [?,1,V]", shape.text());
    const uint64_t cache_bytes = allocate_pages(context);
    describe({.window_tokens = context,
              .vocab_size = shape[2].least,
              .most_rows = kRows,
              .device = chunk_->device(),
              .cache_bytes = cache_bytes,
              .input_shapes = fmt::format(
                  "[DEBUG] Infer Input Shapes: input_ids=[1] i64, position_ids=[1] i64, past_lens=[1] i32, "
                  "subsequence_begins=[2] i32, block_indices_begins=[2] i32, block_indices=[{}] i32, "
                  "max_context_len=[] i32",
                  pages(context))});
    for (auto* session : {chunk_.get(), token_.get()}) {
        session->set_input("past_lens", past_);
        session->set_input("subsequence_begins", begins_);
        session->set_input("block_indices_begins", page_begins_);
        session->set_input("max_context_len", length_);
    }
    chunk_->set_input(kFirstRow, first_row_);
    token_->set_input("block_indices", page_numbers(pages(context)));
    token_->set_input("input_ids", token_id_);
    token_->set_input("position_ids", token_position_);
}

uint64_t PagedEngine::allocate_pages(int64_t context) {
    uint64_t bytes = 0;
    for (const auto& input : chunk_->inputs()) {
        const std::string name = input.name;
        if (!is_cache(name)) continue;
        auto shape = input.shape;
        // A page of keys may be longer than its tokens: scales lie behind them.
        const bool fits = shape.size() == 4 && shape[1].is_static() && shape[2].is_static() &&
                          shape[3].is_static() && shape[2].least >= kPageTokens;
        if (!fits) fail(ErrorCode::unsupported, "{} has pages of an unknown form: {}", name, shape.text());
        shape[0] = pages(context);
        Tensor cache(input.type, shape.to_shape());
        std::memset(cache.data(), 0, cache.bytes());
        bytes += cache.bytes();
        chunk_->set_input(name, cache);
        token_->set_input(name, cache);
        pages_.push_back(std::move(cache));
    }
    if (bytes == 0) fail(ErrorCode::unsupported, "the graph has no pages of keys and values");
    return bytes;
}

// The graph for so many tokens, with its inputs in place.
CompiledGraph& PagedEngine::fill(std::span<const int64_t> ids, int64_t position, int64_t rows) {
    const int64_t total = position + static_cast<int64_t>(ids.size());
    past_.data<int32_t>()[0] = static_cast<int32_t>(position);
    begins_.data<int32_t>()[1] = static_cast<int32_t>(ids.size());
    page_begins_.data<int32_t>()[1] = static_cast<int32_t>(pages(total));
    length_.data<int32_t>()[0] = static_cast<int32_t>(total);
    first_row_.data<int64_t>()[0] = -rows;
    if (ids.size() == 1) {
        token_id_.data<int64_t>()[0] = ids[0];
        token_position_.data<int64_t>()[0] = position;
        return *token_;
    }
    Tensor tokens(ElementType::i64, {ids.size()});
    Tensor positions(ElementType::i64, {ids.size()});
    std::copy(ids.begin(), ids.end(), tokens.data<int64_t>());
    std::iota(positions.data<int64_t>(), positions.data<int64_t>() + ids.size(), position);
    chunk_->set_input("input_ids", tokens);
    chunk_->set_input("position_ids", positions);
    chunk_->set_input("block_indices", page_numbers(pages(total)));
    return *chunk_;
}

namespace {

size_t bytes_of_pages(const Tensor& cache, int64_t count) {
    return cache.bytes() / cache.shape()[0] * static_cast<size_t>(count);
}

}  // namespace

std::vector<std::vector<std::byte>> PagedEngine::copy_cache(int64_t tokens) {
    std::vector<std::vector<std::byte>> parts;
    for (const auto& cache : pages_) {
        const auto* first = static_cast<const std::byte*>(cache.data());
        parts.emplace_back(first, first + bytes_of_pages(cache, pages(tokens)));
    }
    return parts;
}

void PagedEngine::restore_cache(const std::vector<std::vector<std::byte>>& parts, int64_t tokens) {
    for (size_t part = 0; part < parts.size(); ++part) {
        if (part >= pages_.size() || parts[part].size() != bytes_of_pages(pages_[part], pages(tokens)))
            fail(ErrorCode::internal, "{} bytes are no pages of {} tokens", parts[part].size(), tokens);
        std::memcpy(pages_[part].data(), parts[part].data(), parts[part].size());
    }
}

Engine::Progress PagedEngine::compute(const Request& request) {
    const auto [now, is_last] = request.chunk_behind(request.kept);
    CompiledGraph& session = fill(now, request.kept, is_last ? request.rows : 1);
    if (!session.infer(now.size() > 1 ? request.stop : StopAsked())) return {request.kept, request.kept};
    const int64_t done = request.kept + static_cast<int64_t>(now.size());
    if (!is_last) return {request.kept, done, done};
    const Tensor tensor = session.output("logits");
    read_last_logits(tensor, tensor.shape().at(0), request.rows, logits_);
    return {request.kept, done, done, logits_};
}

}  // namespace ovenbird
