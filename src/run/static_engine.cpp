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
    for (const auto& port : session_->model().inputs()) {
        if (port.get_partial_shape().is_static()) continue;
        fail(ErrorCode::unsupported,
             "input '{}' has the dynamic shape {}; bake the model first: ovenbird bake SOURCE -o DIR",
             port.get_any_name(), port.get_partial_shape().to_string());
    }
    for (const auto& port : session_->model().inputs()) {
        const bool ids = port.get_names().contains("input_ids") && port.get_shape().size() == 2;
        const bool embeds = port.get_names().contains("inputs_embeds") && port.get_shape().size() == 3;
        if (ids || (embeds && embedder_)) window_tokens_ = static_cast<int64_t>(port.get_shape()[1]);
    }
    if (window_tokens_ < 1)
        fail(ErrorCode::unsupported, "the model has no input 'input_ids' of shape [1, N]{}",
             embedder_ ? ", nor inputs_embeds of [1, N, hidden]" : "");
    for (const auto& port : session_->model().inputs())
        add_input(port);
    find_logits();
    pad_id_ = filler_id(pad_id, vocab_size_);
    describe({.window_tokens = window_tokens_,
              .vocab_size = vocab_size_,
              .most_rows = logit_rows_,
              .device = session_->device(),
              .input_shapes = shapes_sent()});
}

void StaticEngine::add_input(const ov::Output<const ov::Node>& port) {
    static const std::vector<std::pair<const char*, Content>> kKnown{{"input_ids", Content::ids},
                                                                     {"inputs_embeds", Content::embeds},
                                                                     {"attention_mask", Content::mask},
                                                                     {"position_ids", Content::positions},
                                                                     {"beam_idx", Content::beam}};
    const ov::Shape& shape = port.get_shape();
    const auto type = port.get_element_type();
    for (const auto& [name, content] : kKnown) {
        if (!port.get_names().contains(name)) continue;
        if (content == Content::embeds) {
            if (shape.size() != 3 || shape[0] != 1 || type != ov::element::f32) {
                fail(ErrorCode::unsupported, "input '{}' is {} {}, expected [1, N, hidden] of f32", name,
                     shape.to_string(), type.to_string());
            }
            inputs_.push_back({name, content, ov::Tensor(type, shape)});
            return;
        }
        const ov::Shape expected =
            content == Content::beam ? ov::Shape{1} : ov::Shape{1, static_cast<size_t>(window_tokens_)};
        if (shape != expected || (type != ov::element::i64 && type != ov::element::i32)) {
            fail(ErrorCode::unsupported, "input '{}' is {} {}, expected {} of i64 or i32", name,
                 shape.to_string(), type.to_string(), expected.to_string());
        }
        inputs_.push_back({name, content, ov::Tensor(type, shape)});
        return;
    }
    fail(ErrorCode::unsupported,
         "input '{}' {} is unknown; a static loop feeds input_ids, attention_mask, position_ids and beam_idx",
         port.get_any_name(), shape.to_string());
}

void StaticEngine::find_logits() {
    for (const auto& port : session_->model().outputs()) {
        if (!port.get_names().contains(kLogits)) continue;
        const auto& shape = port.get_partial_shape();
        const bool fits = shape.is_static() && shape.size() == 3 && shape[0] == 1 &&
                          (shape[1] == 1 || shape[1] == window_tokens_);
        if (!fits) {
            fail(ErrorCode::unsupported, "output 'logits' is {}, expected [1, 1, V] or [1, {}, V]",
                 shape.to_string(), window_tokens_);
        }
        logit_rows_ = shape[1].get_length();
        vocab_size_ = shape[2].get_length();
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
    const size_t size = input.tensor.get_size();
    if (input.tensor.get_element_type() == ov::element::i64) {
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
    const ov::Tensor tensor = session_->output(kLogits);
    // The one row, or as many of them as there are tokens: what follows is padding.
    const size_t given = logit_rows_ == 1 ? 1 : ids.size();
    read_last_logits(tensor, given, request.rows, logits_);
    return {0, static_cast<int64_t>(ids.size()), 0, logits_};
}

std::string StaticEngine::shapes_sent() const {
    std::vector<std::pair<std::string, ov::Tensor>> sent;
    sent.reserve(inputs_.size());
    for (const auto& input : inputs_)
        sent.emplace_back(input.name, input.tensor);
    return shapes_line(sent);
}

}  // namespace ovenbird
