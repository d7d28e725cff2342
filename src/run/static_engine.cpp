#include "run/static_engine.hpp"

#include "base/error.hpp"
#include "run/input_shapes.hpp"
#include "run/logits.hpp"

namespace ovenbird {
namespace {

constexpr const char* kLogits = "logits";

}  // namespace

StaticEngine::StaticEngine(std::unique_ptr<CompiledGraph> session, int64_t pad_id,
                           std::unique_ptr<Embedder> embedder)
    : session_(std::move(session)), embedder_(std::move(embedder)) {
    for (const auto& port : session_->inputs()) {
        if (port.shape.is_static()) continue;
        fail(ErrorCode::unsupported,
             "input '{}' has the dynamic shape {}; bake the model first: ovenbird bake SOURCE -o DIR",
             port.name, port.shape.text());
    }
    for (const auto& port : session_->inputs()) {
        const bool ids = port.name == "input_ids" && port.shape.size() == 2;
        const bool embeds = port.name == "inputs_embeds" && port.shape.size() == 3;
        if (ids || (embeds && embedder_)) window_tokens_ = port.shape[1].least;
    }
    if (window_tokens_ < 1)
        fail(ErrorCode::unsupported, "the model has no input 'input_ids' of shape [1, N]{}",
             embedder_ ? ", nor inputs_embeds of [1, N, hidden]" : "");
    for (const auto& port : session_->inputs())
        add_input(port);
    find_logits();
    pad_id_ = filler_id(pad_id, vocab_size_);
    describe({.window_tokens = window_tokens_,
              .vocab_size = vocab_size_,
              .most_rows = logit_rows_,
              .device = session_->device(),
              .input_shapes = shapes_sent()});
}

void StaticEngine::add_input(const GraphPort& port) {
    static const std::vector<std::pair<const char*, Content>> kKnown{{"input_ids", Content::ids},
                                                                     {"inputs_embeds", Content::embeds},
                                                                     {"attention_mask", Content::mask},
                                                                     {"position_ids", Content::positions},
                                                                     {"beam_idx", Content::beam}};
    const Shape shape = port.shape.to_shape();
    const auto type = port.type;
    for (const auto& [name, content] : kKnown) {
        if (port.name != name) continue;
        if (content == Content::embeds) {
            if (shape.size() != 3 || shape[0] != 1 || type != ElementType::f32) {
                fail(ErrorCode::unsupported, "input '{}' is {} {}, expected [1, N, hidden] of f32", name,
                     text_of(shape), name_of(type));
            }
            inputs_.push_back({name, content, Tensor(type, shape)});
            return;
        }
        const Shape expected =
            content == Content::beam ? Shape{1} : Shape{1, static_cast<size_t>(window_tokens_)};
        if (shape != expected || (type != ElementType::i64 && type != ElementType::i32)) {
            fail(ErrorCode::unsupported, "input '{}' is {} {}, expected {} of i64 or i32", name,
                 text_of(shape), name_of(type), text_of(expected));
        }
        inputs_.push_back({name, content, Tensor(type, shape)});
        return;
    }
    fail(ErrorCode::unsupported,
         "input '{}' {} is unknown; a static loop feeds input_ids, attention_mask, position_ids and beam_idx",
         port.name, text_of(shape));
}

void StaticEngine::find_logits() {
    for (const auto& port : session_->outputs()) {
        if (port.name != kLogits) continue;
        const auto& shape = port.shape;
        const bool fits = shape.is_static() && shape.size() == 3 && shape[0] == 1 &&
                          (shape[1] == 1 || shape[1] == window_tokens_);
        if (!fits) {
            fail(ErrorCode::unsupported, "output 'logits' is {}, expected [1, 1, V] or [1, {}, V]",
                 shape.text(), window_tokens_);
        }
        logit_rows_ = shape[1].least;
        vocab_size_ = shape[2].least;
        return;
    }
    fail(ErrorCode::unsupported, "the model has no output 'logits'");
}

void StaticEngine::fill_embeds(Input& input, std::span<const int64_t> ids) const {
    std::vector<int64_t> window(ids.begin(), ids.end());
    window.resize(static_cast<size_t>(window_tokens_), pad_id_);
    embedder_->rows(window).copy_to(input.tensor);
}

void StaticEngine::fill(Input& input, std::span<const int64_t> ids) const {
    const auto value = [&](size_t i) -> int64_t {
        const bool real = i < ids.size();
        switch (input.content) {
            case Content::ids:
                return real ? ids[i] : pad_id_;
            case Content::mask:
                return real ? 1 : 0;
            case Content::positions:
                return static_cast<int64_t>(i);  // padding counts on: masked, and within the rotary range
            case Content::embeds:
            case Content::beam:
                return 0;
        }
        return 0;
    };
    if (input.content == Content::embeds) return fill_embeds(input, ids);
    const size_t size = input.tensor.size();
    if (input.tensor.type() == ElementType::i64) {
        for (size_t i = 0; i < size; ++i)
            input.tensor.data<int64_t>()[i] = value(i);
    } else {
        for (size_t i = 0; i < size; ++i)
            input.tensor.data<int32_t>()[i] = static_cast<int32_t>(value(i));
    }
}

// Nothing is kept: every step computes the whole window.
Engine::Progress StaticEngine::compute(const Request& request) {
    const auto ids = request.ids;
    for (auto& input : inputs_) {
        fill(input, ids);
        session_->set_input(input.name, input.tensor);
    }
    session_->reset_state();
    if (!session_->infer(request.stop)) return {};
    const Tensor tensor = session_->output(kLogits);
    // The one row, or as many of them as there are tokens: what follows is padding.
    const size_t given = logit_rows_ == 1 ? 1 : ids.size();
    read_last_logits(tensor, given, request.rows, logits_);
    return {0, static_cast<int64_t>(ids.size()), 0, logits_};
}

std::string StaticEngine::shapes_sent() const {
    std::vector<std::pair<std::string, Tensor>> sent;
    sent.reserve(inputs_.size());
    for (const auto& input : inputs_)
        sent.emplace_back(input.name, input.tensor);
    return shapes_line(sent);
}

}  // namespace ovenbird
