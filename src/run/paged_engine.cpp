#include "run/paged_engine.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/error.hpp"
#include "device/paged_attention.hpp"
#include "run/logits.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kChunkTokens = 1024;  // bounds a prompt's activations; eight chunks of 128 take 10% longer

bool is_cache(const std::string& name) {
    return name.starts_with("key_cache.") || name.starts_with("value_cache.");
}

ov::Tensor i32(const ov::Shape& shape) {
    ov::Tensor tensor(ov::element::i32, shape);
    std::memset(tensor.data(), 0, tensor.get_byte_size());
    return tensor;
}

ov::Tensor page_numbers(int64_t count) {
    auto tensor = i32({static_cast<size_t>(count)});
    std::iota(tensor.data<int32_t>(), tensor.data<int32_t>() + count, 0);
    return tensor;
}

}  // namespace

PagedEngine::PagedEngine(std::unique_ptr<CompiledSession> chunk, std::unique_ptr<CompiledSession> token,
                         int64_t context)
    : chunk_(std::move(chunk)),
      token_(std::move(token)),
      context_(context),
      past_(i32({1})),
      begins_(i32({2})),
      page_begins_(i32({2})),
      length_(i32({})),
      first_row_(ov::element::i64, {1}),
      token_id_(ov::element::i64, {1}),
      token_position_(ov::element::i64, {1}) {
    const auto& shape = chunk_->model().output("logits").get_partial_shape();
    if (shape.size() != 3 || shape[2].is_dynamic())
        fail(ErrorCode::unsupported, "output 'logits' is {}, expected [?,1,V]", shape.to_string());
    vocab_size_ = shape[2].get_length();
    allocate_pages();
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

void PagedEngine::allocate_pages() {
    for (const auto& input : chunk_->model().inputs()) {
        const std::string name = input.get_any_name();
        if (!is_cache(name)) continue;
        auto shape = input.get_partial_shape();
        // A page of keys may be longer than its tokens: scales lie behind them.
        const bool fits = shape.rank().is_static() && shape.size() == 4 && shape[1].is_static() &&
                          shape[2].is_static() && shape[3].is_static() &&
                          shape[2].get_length() >= kPageTokens;
        if (!fits)
            fail(ErrorCode::unsupported, "{} has pages of an unknown form: {}", name, shape.to_string());
        shape[0] = pages(context_);
        ov::Tensor cache(input.get_element_type(), shape.to_shape());
        std::memset(cache.data(), 0, cache.get_byte_size());
        cache_bytes_ += cache.get_byte_size();
        chunk_->set_input(name, cache);
        token_->set_input(name, cache);
    }
    if (cache_bytes_ == 0) fail(ErrorCode::unsupported, "the graph has no pages of keys and values");
}

ov::Tensor PagedEngine::infer(std::span<const int64_t> ids, int64_t rows) {
    const int64_t total = kept_.count() + static_cast<int64_t>(ids.size());
    past_.data<int32_t>()[0] = static_cast<int32_t>(kept_.count());
    begins_.data<int32_t>()[1] = static_cast<int32_t>(ids.size());
    page_begins_.data<int32_t>()[1] = static_cast<int32_t>(pages(total));
    length_.data<int32_t>()[0] = static_cast<int32_t>(total);
    first_row_.data<int64_t>()[0] = -rows;
    CompiledSession& session = ids.size() == 1 ? *token_ : *chunk_;
    if (ids.size() == 1) {
        token_id_.data<int64_t>()[0] = ids[0];
        token_position_.data<int64_t>()[0] = kept_.count();
    } else {
        ov::Tensor tokens(ov::element::i64, {ids.size()});
        ov::Tensor positions(ov::element::i64, {ids.size()});
        std::copy(ids.begin(), ids.end(), tokens.data<int64_t>());
        std::iota(positions.data<int64_t>(), positions.data<int64_t>() + ids.size(), kept_.count());
        session.set_input("input_ids", tokens);
        session.set_input("position_ids", positions);
        session.set_input("block_indices", page_numbers(pages(total)));
    }
    session.infer();
    kept_.append(ids);
    return session.output("logits");
}

std::string PagedEngine::input_shapes() const {
    const auto count = std::to_string(pages(context_));
    return "[DEBUG] Infer Input Shapes: input_ids=[1] i64, position_ids=[1] i64, past_lens=[1] i32, "
           "subsequence_begins=[2] i32, block_indices_begins=[2] i32, block_indices=[" +
           count + "] i32, max_context_len=[] i32";
}

std::span<const float> PagedEngine::logits_after(std::span<const int64_t> ids, int64_t rows) {
    const auto wanted = static_cast<size_t>(rows);
    if (ids.size() < wanted || static_cast<int64_t>(ids.size()) > context_)
        fail(ErrorCode::internal, "{} tokens do not fit a context of {}", ids.size(), context_);
    kept_.truncate(kept_.shared_with(ids, rows));
    auto rest = ids.subspan(static_cast<size_t>(kept_.count()));
    while (rest.size() > static_cast<size_t>(kChunkTokens) + wanted) {
        infer(rest.first(kChunkTokens), 1);
        rest = rest.subspan(kChunkTokens);
    }
    const ov::Tensor tensor = infer(rest, rows);
    const size_t given = tensor.get_shape().at(0);
    if (given < wanted) fail(ErrorCode::internal, "the graph gave logits for {} rows of {}", given, wanted);
    logits_.resize(wanted * static_cast<size_t>(vocab_size_));
    read_logits(tensor, given - wanted, logits_);
    return logits_;
}

}  // namespace ovenbird
