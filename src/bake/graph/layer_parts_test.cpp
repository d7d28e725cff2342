#include "bake/graph/layer_parts.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "bake/graph/test_model.hpp"

namespace ovenbird {
namespace {

constexpr size_t kSequences = 2;
constexpr size_t kTokens = 7;

class LayerParts {
public:
    explicit LayerParts(const ModelConfig& config)
        : config_(config), values_(random_tensors(config)), stored_(stored_tensors(config, values_)) {
        // Only tensors of no layer are there when parts are built.
        for (const auto& [name, tensor] : stored_)
            if (!name.starts_with("model.layers.")) outer_[name] = tensor;
    }

    const StoredTensors& stored() const { return stored_; }
    TensorValues& values() { return values_; }

    std::vector<float> look_up(const ov::Tensor& ids) const {
        std::vector<float> hidden;
        const auto& table = values_.at(kEmbeddingName);
        for (size_t i = 0; i < ids.get_size(); ++i)
            for (int64_t at = 0; at < config_.hidden_size; ++at)
                hidden.push_back(
                    table[static_cast<size_t>(ids.data<int64_t>()[i] * config_.hidden_size + at)] *
                    static_cast<float>(config_.embedding_multiplier));
        return hidden;
    }

    std::vector<float> run(LayerPart part, int64_t layer, std::vector<float>& hidden,
                           std::vector<float>* read = nullptr) {
        const auto model = build_layer_part(config_, layer, part, outer_, kSequences, kTokens);
        return run(model, layer_prefix(layer), hidden, read);
    }

    std::vector<float> head(bool mixes, std::vector<float>& hidden) {
        return run(build_head_part(config_, mixes, kSequences, kTokens), "", hidden, nullptr);
    }

    std::vector<float> head_norm(std::vector<float>& hidden) {
        return run(build_head_norm(config_, kSequences, kTokens), "", hidden, nullptr);
    }

private:
    std::vector<float> run(const std::shared_ptr<ov::Model>& model, const std::string& prefix,
                           std::vector<float>& hidden, std::vector<float>* read) {
        std::map<std::string, ov::Tensor> inputs;
        for (const auto& input : model->inputs()) {
            const std::string name = input.get_any_name();
            std::vector<float>* values = &hidden;
            if (name == "read") values = read;
            if (name != "read" && name != "hidden") values = &values_.at(prefix + name);
            EXPECT_EQ(ov::shape_size(input.get_shape()), values->size()) << name;
            inputs[name] = ov::Tensor(ov::element::f32, input.get_shape(), values->data());
        }
        return run_exactly(model, inputs);
    }

    ModelConfig config_;
    TensorValues values_;
    StoredTensors stored_;
    StoredTensors outer_;
};

// The stream's norm of each row, its weight and bias times a factor.
std::vector<float> normed(const std::vector<float>& x, const ModelConfig& config, const TensorValues& values,
                          const std::string& name, double factor = 1.0) {
    const auto& weight = values.at(name + ".weight");
    const size_t size = weight.size();
    std::vector<float> result;
    for (size_t first = 0; first < x.size(); first += size) {
        std::vector<double> row(x.begin() + static_cast<std::ptrdiff_t>(first),
                                x.begin() + static_cast<std::ptrdiff_t>(first + size));
        const double mean = std::accumulate(row.begin(), row.end(), 0.0) / static_cast<double>(size);
        double sum = 0;
        for (double& value : row) {
            if (config.norm == NormKind::layer) value -= mean;
            sum += value * value;
        }
        const double scale = factor / std::sqrt(sum / static_cast<double>(size) + config.norm_eps);
        for (size_t i = 0; i < size; ++i) {
            const double bias =
                config.norm_bias ? factor * static_cast<double>(values.at(name + ".bias")[i]) : 0;
            result.push_back(static_cast<float>(scale * row[i] * static_cast<double>(weight[i]) + bias));
        }
    }
    return result;
}

TEST(LayerParts, ChainedTheyGiveTheDecodersLogits) {
    for (const auto& [name, config] : small_configs()) {
        SCOPED_TRACE(name);
        LayerParts parts(config);
        const auto ids = some_ids(config, kSequences, kTokens);
        auto hidden = parts.look_up(ids);
        for (int64_t layer = 0; layer < config.layer_count(); ++layer) {
            const auto& values = parts.values();
            const auto norm_of = [&](const std::vector<float>& x, const std::string& norm) {
                return config.norms_before ? normed(x, config, values, norm) : x;
            };
            EXPECT_LT(largest_difference(parts.run(LayerPart::norm_attention, layer, hidden),
                                         norm_of(hidden, layer_prefix(layer) + "input_layernorm")),
                      1e-4);
            auto read = parts.run(LayerPart::attend, layer, hidden);
            EXPECT_EQ(read.size(),
                      kSequences * kTokens * static_cast<size_t>(config.heads * config.head_size));
            auto between = parts.run(LayerPart::add_attended, layer, hidden, &read);
            auto& fed = config.parallel ? hidden : between;
            EXPECT_LT(largest_difference(parts.run(LayerPart::norm_mlp, layer, fed),
                                         norm_of(fed, mlp_norm(config, layer))),
                      1e-4);
            read = parts.run(LayerPart::gate, layer, fed);
            EXPECT_EQ(read.size(), kSequences * kTokens * static_cast<size_t>(config.intermediate_size));
            hidden = parts.run(LayerPart::add_fed, layer, between, &read);
        }
        const auto wanted = decoder_logits(config, parts.stored(), ids);
        const float bound = 2e-5F * largest_magnitude(wanted);
        EXPECT_LT(largest_difference(parts.head(false, hidden), wanted), bound);
        const bool capped = config.logits_softcap != 0;
        const double divisor = config.logits_divisor * (capped ? config.logits_softcap : 1.0);
        EXPECT_LT(largest_difference(parts.head_norm(hidden),
                                     normed(hidden, config, parts.values(), "model.norm", 1 / divisor)),
                  1e-4);
        auto& mix = parts.values()[kHeadMixName];
        mix.assign(static_cast<size_t>(config.hidden_size * config.hidden_size), 0.0F);
        for (int64_t i = 0; i < config.hidden_size; ++i)
            mix[static_cast<size_t>(i * config.hidden_size + i)] = capped ? 1.0F : 0.5F;
        auto mixed = parts.head(true, hidden);
        for (float& logit : mixed)
            logit *= capped ? 1.0F : 2.0F;
        EXPECT_LT(largest_difference(mixed, wanted), bound);
    }
}

TEST(LayerParts, LayersOfOneKindHaveTheSameGraph) {
    for (const auto& [name, config] : small_configs()) {
        SCOPED_TRACE(name);
        LayerParts parts(config);
        const auto ids = some_ids(config, kSequences, kTokens);
        auto hidden = parts.look_up(ids);
        for (int64_t layer = 1; layer < config.layer_count(); ++layer) {
            const LayerConfig& own = config.layers[static_cast<size_t>(layer)];
            const LayerConfig& first = config.layers.front();
            if (own.sliding_window != first.sliding_window || own.rotary != first.rotary) continue;
            auto before = parts.run(LayerPart::attend, 0, hidden);
            for (auto& [tensor, values] : parts.values()) {
                const std::string prefix = layer_prefix(layer);
                if (tensor.starts_with(prefix))
                    values = parts.values().at(layer_prefix(0) + tensor.substr(prefix.size()));
            }
            EXPECT_EQ(parts.run(LayerPart::attend, layer, hidden), before);
        }
    }
}

}  // namespace
}  // namespace ovenbird
