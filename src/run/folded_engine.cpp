#include "run/folded_engine.hpp"

#include <algorithm>
#include <cstring>
#include <set>
#include <string_view>

#include "base/error.hpp"
#include "device/embedder.hpp"
#include "model/decoder_names.hpp"
#include "run/input_shapes.hpp"

namespace ovenbird {
namespace {

constexpr std::string_view kPastOfLayer = "past.";
constexpr std::string_view kShared = "shared.";

// What each context's tokens can be computed with: its own steps, and chunks of a prompt by the longest
// one's.
std::vector<Step> shapes_of(const FoldedForm& form) {
    std::set<int64_t> contexts;
    for (const auto& step : form.steps)
        contexts.insert(step.context);
    std::vector<Step> shapes;
    for (const auto& step : form.steps) {
        const bool chunks = step.tokens > 1 && !step.all_rows;
        for (const int64_t context : contexts) {
            if (context == step.context || (chunks && context < step.context))
                shapes.push_back({step.name, step.tokens, step.past, context, step.all_rows});
        }
    }
    return shapes;
}

const GraphPort& port_of(const NamedPorts& ports, const std::string& name, const std::string& file) {
    const auto found = ports.find(name);
    if (found != ports.end()) return found->second;
    fail(ErrorCode::invalid_input, "{}: the graph has no '{}'; bake the model again", file, name);
}

// The one that looks back furthest. There is one: ChunkedEngine has seen to it.
const FoldedStep& longest_step(const FoldedForm& form) {
    return *std::max_element(form.steps.begin(), form.steps.end(),
                             [](const auto& a, const auto& b) { return a.past < b.past; });
}

std::string shapes_sent(const CallTensors& tensors) {
    std::vector<std::pair<std::string, Tensor>> sent(tensors.begin(), tensors.end());
    std::erase_if(sent, [](const auto& entry) {
        return entry.first.starts_with("present.") || entry.first == "next_hidden";
    });
    return shapes_line(sent);
}

}  // namespace

FoldedEngine::FoldedEngine(const Manifest& manifest, std::unique_ptr<GraphRunner> runner,
                           std::shared_ptr<const MappedFile> weights, int64_t pad_id)
    : ChunkedEngine(shapes_of(manifest.folded), manifest.context),
      form_(manifest.folded),
      runner_(std::move(runner)),
      file_(std::move(weights)),
      cache_(longest_step(form_).past,
             [this](const auto& type, const auto& shape) { return runner_->allocate(type, shape); }) {
    find_caches();
    const Prepared& decode = step_of(shape_for(1, 1));
    const auto vocab_size = static_cast<int64_t>(decode.logits.shape().at(2));
    pad_id_ = filler_id(pad_id, vocab_size);
    describe({.window_tokens = manifest.context,
              .vocab_size = vocab_size,
              .most_rows = most_rows_of_graphs(),
              .device = runner_->device(),
              .cache_bytes = cache_.bytes(),
              .input_shapes = shapes_sent(decode.sent)});
}

void FoldedEngine::find_caches() {
    if (form_.layers.empty()) fail(ErrorCode::invalid_input, "the folded form has no layers; bake it again");
    const auto& step = longest_step(form_);
    for (const auto& layer : form_.layers) {
        const std::string& file = step.layers.at(layer.kind);
        for (size_t i = 0; i < layer.caches.size(); ++i) {
            const auto& port = port_of(runner_->ports(file), fmt::format("{}{}", kPastOfLayer, i), file);
            if (is_whole_state(layer.caches[i])) {
                if (port.type != ElementType::f32 || !port.shape.is_static())
                    fail(ErrorCode::invalid_input, "{}: {}{} is no state of one size", file, kPastOfLayer, i);
                cache_.add_whole(layer.caches[i], port.shape.to_shape());
                continue;
            }
            if (port.type != ElementType::f16 || port.shape.size() != 4 || port.shape[2] != step.past)
                fail(ErrorCode::invalid_input, "{}: {}{} is no cache of keys or values", file, kPastOfLayer,
                     i);
            cache_.add(layer.caches[i], port.shape[1].least, port.shape[3].least);
        }
    }
}

const FoldedStep& FoldedEngine::folded_step(const Step& shape) const {
    for (const auto& step : form_.steps)
        if (step.name == shape.name) return step;
    fail(ErrorCode::internal, "no folded step is called {}", shape.name);
}

FoldedEngine::Prepared& FoldedEngine::step_of(const Step& shape) {
    const auto [found, is_new] = steps_.try_emplace(shape.name);
    if (is_new) {
        try {
            open(folded_step(shape), found->second);
        } catch (...) {
            steps_.erase(found);
            throw;
        }
    }
    return found->second;
}

Tensor FoldedEngine::make(const GraphPort& port) {
    return runner_->allocate(port.type, port.shape.to_shape());
}

// The weights' tensors are made once for a layer, whatever steps use them.
CallTensors FoldedEngine::weights_of(size_t owner, const std::string& file, const WeightRanges& ranges) {
    CallTensors tensors;
    const auto& ports = runner_->ports(file);
    for (const auto& [name, range] : ranges) {
        const auto port = ports.find(name);
        if (port == ports.end()) continue;  // another step's graph takes it
        auto& tensor = weights_[{owner, name}];
        if (!tensor) {
            const auto shape = port->second.shape.to_shape();
            const size_t bytes = (count_of(shape) * bits_of(port->second.type) + 7) / 8;
            const bool fits = bytes == range.bytes && range.offset <= file_->bytes().size() &&
                              range.bytes <= file_->bytes().size() - range.offset;
            if (!fits) {
                fail(ErrorCode::invalid_input,
                     "{}: '{}' takes {} bytes and the manifest gives it {} at {} of {}; bake the model again",
                     file, name, bytes, range.bytes, range.offset, file_->bytes().size());
            }
            tensor = runner_->weights(port->second.type, shape, file_->bytes().subspan(range.offset, bytes));
        }
        tensors[name] = tensor;
    }
    return tensors;
}

// What depends on tokens and positions alone is small, and is computed on the host.
CallTensors FoldedEngine::prepare_before(const FoldedStep& folded, Prepared& step) {
    CallTensors tensors;
    CallTensors shared;
    for (const auto& [name, port] : runner_->ports(folded.before)) {
        if (!name.starts_with(kShared)) continue;
        shared[name] = tensors[name] = make(port);
    }
    tensors["attention_mask"] = step.inputs.mask;
    tensors["position_ids"] = step.inputs.positions;
    std::erase_if(tensors,
                  [&](const auto& entry) { return !runner_->ports(folded.before).contains(entry.first); });
    step.before = runner_->prepare(folded.before, Place::host, tensors);
    step.embed = runner_->prepare(kEmbeddingsXmlName, Place::host,
                                  {{"input_ids", step.inputs.ids}, {"inputs_embeds", step.hidden[0]}});
    return shared;
}

void FoldedEngine::prepare_layer(const FoldedStep& folded, size_t index, const CallTensors& shared,
                                 Prepared& step) {
    const auto& layer = form_.layers[index];
    const std::string& file = folded.layers.at(layer.kind);
    CallTensors tensors = weights_of(index, file, layer.weights);
    tensors["hidden"] = step.hidden[index % 2];
    tensors["next_hidden"] = step.hidden[1 - index % 2];
    for (size_t i = 0; i < layer.shared.size(); ++i) {
        const auto value = shared.find(layer.shared[i]);
        if (value == shared.end())
            fail(ErrorCode::invalid_input, "{}: no output {}", folded.before, layer.shared[i]);
        tensors[fmt::format("{}{}", kShared, i)] = value->second;
    }
    Layer prepared;
    for (size_t i = 0; i < layer.caches.size(); ++i) {
        prepared.parts.push_back(cache_.find(layer.caches[i]));
        tensors[fmt::format("{}{}", kPastOfLayer, i)] = cache_.view(prepared.parts.back(), folded.past);
        const std::string present = fmt::format("present.{}", i);
        // Layers of one kind after the other use the same memory.
        Tensor& fresh = step.fresh[{layer.kind, i}];
        if (!fresh) fresh = make(port_of(runner_->ports(file), present, file));
        prepared.fresh.push_back(fresh);
        tensors[present] = fresh;
    }
    prepared.call = runner_->prepare(file, Place::device, tensors);
    if (index == 0) step.sent = std::move(tensors);
    step.layers.push_back(std::move(prepared));
}

void FoldedEngine::prepare_head(const FoldedStep& folded, Prepared& step) {
    const auto& ports = runner_->ports(folded.head);
    CallTensors tensors = weights_of(form_.layers.size(), folded.head, form_.head_weights);
    // Where the head sees every row it reads what the last layer wrote; otherwise one row is copied.
    step.head_rows =
        folded.all_rows ? step.hidden[form_.layers.size() % 2] : make(port_of(ports, "hidden", folded.head));
    step.logits = make(port_of(ports, "logits", folded.head));
    if (step.logits.type() != ElementType::f32)
        fail(ErrorCode::unsupported, "{}: logits are not f32", folded.head);
    tensors["hidden"] = step.head_rows;
    tensors["logits"] = step.logits;
    step.head = runner_->prepare(folded.head, Place::device, tensors);
}

void FoldedEngine::open(const FoldedStep& folded, Prepared& step) {
    step.inputs = StepInputs(folded.tokens, folded.past);
    const std::string& first = folded.layers.at(form_.layers.at(0).kind);
    for (auto& hidden : step.hidden)
        hidden = make(port_of(runner_->ports(first), "hidden", first));
    const auto shared = prepare_before(folded, step);
    for (size_t layer = 0; layer < form_.layers.size(); ++layer)
        prepare_layer(folded, layer, shared, step);
    prepare_head(folded, step);
}

void FoldedEngine::use_bucket([[maybe_unused]] int64_t context) {
    steps_.clear();  // the smaller bucket's, whose memory is wanted
}

std::span<const float> FoldedEngine::run(const Step& shape, const Chunk& chunk, const StopAsked& stop) {
    Prepared& step = step_of(shape);
    step.inputs.fill(chunk.ids, chunk.kept, pad_id_);
    step.embed();
    step.before();
    for (auto& layer : step.layers) {
        if (asks_to_stop(stop)) return {};
        for (const size_t part : layer.parts)
            cache_.set_past(part, shape.past, chunk.kept);
        layer.call();
        for (size_t i = 0; i < layer.parts.size(); ++i)
            cache_.place(layer.parts[i], layer.fresh[i], chunk.kept, chunk.placed);
    }
    const Tensor& last = step.hidden[step.layers.size() % 2];
    const size_t wanted = chunk.ids.size() - static_cast<size_t>(chunk.rows);
    const size_t width = step.head_rows.shape()[2];
    if (!shape.all_rows)
        std::memcpy(step.head_rows.data(), last.data<float>() + wanted * width, width * sizeof(float));
    step.head();
    const auto count = static_cast<size_t>(vocab_size());
    return {step.logits.data<float>() + (shape.all_rows ? wanted * count : 0),
            static_cast<size_t>(chunk.rows) * count};
}

}  // namespace ovenbird
