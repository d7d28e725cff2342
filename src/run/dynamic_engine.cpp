#include "run/dynamic_engine.hpp"

#include <cstring>
#include <numeric>

#include "base/error.hpp"
#include "model/decoder_names.hpp"
#include "model/step.hpp"
#include "run/logits.hpp"

namespace ovenbird {
namespace {

// A prompt's last tokens run by themselves where states cannot be cut back: the next prompt goes on before
// them.
constexpr int64_t kTail = 32;
constexpr size_t kTokensAxis = 2;  // of a state, [batch, heads, tokens, head size]

Tensor row_of(std::span<const int64_t> values) {
    Tensor tensor(ElementType::i64, {1, values.size()});
    std::copy(values.begin(), values.end(), tensor.data<int64_t>());
    return tensor;
}

Tensor first_tokens(const Tensor& state, size_t count) {
    Shape shape = state.shape();
    const size_t had = shape.at(kTokensAxis);
    if (count > had) fail(ErrorCode::internal, "a state of {} tokens holds no {}", had, count);
    shape[kTokensAxis] = count;
    Tensor copy(state.type(), shape);
    if (had == 0) return copy;
    const size_t heads = shape[0] * shape[1];
    const size_t row = state.bytes() / heads / had;
    for (size_t head = 0; head < heads; ++head)
        std::memcpy(static_cast<std::byte*>(copy.data()) + head * count * row,
                    static_cast<const std::byte*>(state.data()) + head * had * row, count * row);
    return copy;
}

std::vector<std::byte> bytes_of(const Tensor& tensor) {
    return {tensor.content().begin(), tensor.content().end()};
}

// A tensor like `like` with these values.
Tensor filled(const Tensor& like, const std::vector<std::byte>& values) {
    Tensor tensor(like.type(), like.shape());
    if (values.size() != tensor.bytes()) {
        fail(ErrorCode::internal, "{} bytes are no state of {}", values.size(), tensor.bytes());
    }
    std::memcpy(tensor.data(), values.data(), values.size());
    return tensor;
}

}  // namespace

DynamicEngine::DynamicEngine(std::unique_ptr<CompiledGraph> session, int64_t context)
    : session_(std::move(session)) {
    for (const char* name : {"input_ids", "attention_mask", "position_ids", "beam_idx"}) {
        if (!session_->has_input(name))
            fail(ErrorCode::unsupported, "the stateful graph has no input '{}'", name);
    }
    const auto& shape = session_->output_port("logits").shape;
    if (shape.size() != 3 || !shape[2].is_static())
        fail(ErrorCode::unsupported, "output 'logits' is {}, expected [?,?,V]", shape.text());
    describe({.window_tokens = context,
              .vocab_size = shape[2].least,
              .most_rows = kDraftRows,  // what a run of the baked graph gives at most
              .device = session_->device(),
              .input_shapes =
                  "[DEBUG] Infer Input Shapes: input_ids=[1,new] i64, attention_mask=[1,kept+new] "
                  "i64, position_ids=[1,new] i64, beam_idx=[1] i32"});
    Tensor beam(ElementType::i32, {1});
    beam.data<int32_t>()[0] = 0;
    session_->set_input("beam_idx", beam);
    if (!session_->shows_states()) return;
    session_->read_states(
        [&](const std::string& name, const Tensor&) { has_whole_ = has_whole_ || is_whole_state(name); });
}

int64_t DynamicEngine::resume_at(int64_t kept) const {
    // States that cannot be reached go on where they are, or begin anew.
    if (!session_->shows_states()) return held_ == kept ? kept : 0;
    return has_whole_ ? states_.resume_at(kept) : kept;
}

StateSnapshots::Values DynamicEngine::whole_states() {
    StateSnapshots::Values values;
    session_->read_states([&](const std::string& name, const Tensor& state) {
        if (is_whole_state(name)) values.push_back(bytes_of(state));
    });
    return values;
}

// A copy of the whole states before a run of several tokens: drafts may be rejected, and the next prompt may
// go on before the last one's end.
void DynamicEngine::keep_states(bool before_drafts) {
    if (!states_.is_kept()) states_.keep(whole_states(), before_drafts);
}

// Brings the states to the first `count` tokens. What they hold is not known while they are being changed.
void DynamicEngine::hold(int64_t count) {
    const auto* whole = has_whole_ ? states_.go_to(count) : nullptr;
    if (held_ == count) return;
    const bool reset = count == 0 || !held_;
    held_.reset();
    if (reset) {
        session_->reset_state();
    } else {
        size_t next = 0;
        session_->set_states([&](const std::string& name, const Tensor& state) {
            if (!is_whole_state(name)) return first_tokens(state, static_cast<size_t>(count));
            if (whole == nullptr) fail(ErrorCode::internal, "no copy of {} at {} tokens", name, count);
            return filled(state, whole->at(next++));
        });
    }
    held_ = count;
}

std::vector<std::vector<std::byte>> DynamicEngine::copy_cache(int64_t tokens) {
    std::vector<std::vector<std::byte>> parts;
    if (!held_ || !session_->shows_states() || (has_whole_ && held_ != tokens)) return parts;
    hold(tokens);
    session_->read_states([&](const std::string& name, const Tensor& state) {
        parts.push_back(
            bytes_of(is_whole_state(name) ? state : first_tokens(state, static_cast<size_t>(tokens))));
    });
    return parts;
}

void DynamicEngine::restore_cache(const std::vector<std::vector<std::byte>>& parts, int64_t tokens) {
    held_.reset();
    size_t part = 0;
    session_->set_states([&](const std::string& name, const Tensor& state) {
        Shape shape = state.shape();
        shape[0] = 1;
        if (!is_whole_state(name)) shape[kTokensAxis] = static_cast<size_t>(tokens);
        if (part >= parts.size())
            fail(ErrorCode::internal, "a state of {} tokens was not copied whole", tokens);
        return filled(Tensor(state.type(), shape), parts[part++]);
    });
    held_ = tokens;
    states_.replace(tokens);
}

bool DynamicEngine::infer(std::span<const int64_t> ids, int64_t position, const StopAsked& stop) {
    const auto total = static_cast<size_t>(position) + ids.size();
    std::vector<int64_t> positions(ids.size());
    std::iota(positions.begin(), positions.end(), position);
    session_->set_input("input_ids", row_of(ids));
    session_->set_input("attention_mask", row_of(std::vector<int64_t>(total, 1)));
    session_->set_input("position_ids", row_of(positions));
    held_.reset();
    states_.begin_run();
    if (!session_->infer(ids.size() > 1 ? stop : StopAsked())) return false;
    held_ = static_cast<int64_t>(total);
    states_.end_run(*held_);
    return true;
}

Engine::Progress DynamicEngine::compute(const Request& request) {
    const int64_t from = held_ ? request.kept : 0;
    hold(from);
    auto [now, is_last] = request.chunk_behind(from);
    if (has_whole_) {
        if (now.size() > 1) keep_states(request.rows > 1);
        const auto rest = static_cast<int64_t>(now.size()) - kTail;
        if (is_last && rest > request.rows) {
            now = now.first(static_cast<size_t>(rest));
            is_last = false;
        }
    }
    if (!infer(now, from, request.stop)) return {};
    const int64_t done = from + static_cast<int64_t>(now.size());
    if (!is_last) return {from, done, done};
    const Tensor tensor = session_->output("logits");
    read_last_logits(tensor, tensor.shape().at(1), request.rows, logits_);
    return {from, done, done, logits_};
}

}  // namespace ovenbird
