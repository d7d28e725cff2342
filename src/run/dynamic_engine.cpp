#include "run/dynamic_engine.hpp"

#include <numeric>

#include "base/error.hpp"
#include "run/logits.hpp"

namespace ovenbird {
namespace {

constexpr size_t kTokensAxis = 2;  // of a state, [batch, heads, tokens, head size]

ov::Tensor row_of(std::span<const int64_t> values) {
    ov::Tensor tensor(ov::element::i64, {1, values.size()});
    std::copy(values.begin(), values.end(), tensor.data<int64_t>());
    return tensor;
}

ov::Tensor first_tokens(const ov::Tensor& state, size_t count) {
    ov::Coordinate begin(state.get_shape().size(), 0);
    ov::Coordinate end = state.get_shape();
    end[kTokensAxis] = count;
    ov::Shape shape = state.get_shape();
    shape[kTokensAxis] = count;
    ov::Tensor copy(state.get_element_type(), shape);
    ov::Tensor(state, begin, end).copy_to(copy);
    return copy;
}

}  // namespace

DynamicEngine::DynamicEngine(std::unique_ptr<CompiledSession> session, int64_t context)
    : session_(std::move(session)), context_(context) {
    for (const char* name : {"input_ids", "attention_mask", "position_ids", "beam_idx"}) {
        const auto inputs = session_->model().inputs();
        const bool there = std::any_of(inputs.begin(), inputs.end(),
                                       [&](const auto& input) { return input.get_names().contains(name); });
        if (!there) fail(ErrorCode::unsupported, "the stateful graph has no input '{}'", name);
    }
    const auto& shape = session_->model().output("logits").get_partial_shape();
    if (shape.size() != 3 || shape[2].is_dynamic())
        fail(ErrorCode::unsupported, "output 'logits' is {}, expected [?,?,V]", shape.to_string());
    vocab_size_ = shape[2].get_length();
    ov::Tensor beam(ov::element::i32, {1});
    beam.data<int32_t>()[0] = 0;
    session_->set_input("beam_idx", beam);
}

void DynamicEngine::truncate(int64_t count) {
    if (count == kept_.count()) return;
    if (count == 0) {
        session_->reset_state();
    } else {
        for (auto& state : session_->states())
            state.set_state(first_tokens(state.get_state(), static_cast<size_t>(count)));
    }
    kept_.truncate(count);
}

void DynamicEngine::infer(std::span<const int64_t> ids) {
    const auto total = static_cast<size_t>(kept_.count()) + ids.size();
    std::vector<int64_t> positions(ids.size());
    std::iota(positions.begin(), positions.end(), kept_.count());
    session_->set_input("input_ids", row_of(ids));
    session_->set_input("attention_mask", row_of(std::vector<int64_t>(total, 1)));
    session_->set_input("position_ids", row_of(positions));
    session_->infer();
    kept_.append(ids);
}

std::string DynamicEngine::input_shapes() const {
    return "[DEBUG] Infer Input Shapes: input_ids=[1,new] i64, attention_mask=[1,kept+new] i64, "
           "position_ids=[1,new] i64, beam_idx=[1] i32";
}

std::span<const float> DynamicEngine::logits_after(std::span<const int64_t> ids, int64_t rows) {
    if (static_cast<int64_t>(ids.size()) < rows || static_cast<int64_t>(ids.size()) > context_)
        fail(ErrorCode::internal, "{} tokens do not fit a context of {}", ids.size(), context_);
    const int64_t shared = kept_.shared_with(ids, rows);
    truncate(shared);
    try {
        infer(ids.subspan(static_cast<size_t>(shared)));
    } catch (const Error&) {
        // What the states hold now is not known: the next call starts afresh.
        session_->reset_state();
        kept_.truncate(0);
        throw;
    }
    const ov::Tensor tensor = session_->output("logits");
    const size_t given = tensor.get_shape()[1];
    const auto wanted = static_cast<size_t>(rows);
    if (given < wanted) fail(ErrorCode::internal, "the graph gave logits for {} rows of {}", given, wanted);
    logits_.resize(wanted * static_cast<size_t>(vocab_size_));
    read_logits(tensor, given - wanted, logits_);
    return logits_;
}

}  // namespace ovenbird
