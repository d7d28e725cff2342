#include "bake/exact/exact_changes.hpp"

#include <gtest/gtest.h>

#include "bake/graph/test_model.hpp"

namespace ovenbird {
namespace {

SourceTensor source_of(const RequiredTensor& required, const std::vector<float>& values) {
    SourceTensor source;
    source.name = required.name;
    source.shape = {required.rows, required.columns};
    if (required.role == TensorRole::vector) source.shape = {required.columns};
    source.bytes = std::as_bytes(std::span(values));
    return source;
}

struct ChangedModel {
    ChangedModel(const ModelConfig& own, uint64_t seed)
        : config(own), before(random_tensors(config)), changes(config, seed) {
        for (const auto& required : required_tensors(config))
            sources[required.name] = source_of(required, before.at(required.name));
        for (const auto& required : required_tensors(config))
            read(required);
        if (!changes.mixes_head()) return;
        sources[kHeadMixName].name = kHeadMixName;
        read({kHeadMixName, TensorRole::linear, config.hidden_size, config.hidden_size});
    }

    TensorChange change_of(const std::string& name) const {
        return changes.change_of(
            name, [&](const std::string& norm) -> const SourceTensor& { return sources.at(norm); });
    }

    void read(const RequiredTensor& required) {
        const TensorChange change = change_of(required.name);
        auto& values = after[required.name];
        values.resize(static_cast<size_t>(required.rows * required.columns));
        const auto& source = sources.at(required.name);
        read_changed(source, change, 0, required.rows, required.columns, values.data());
        if (mixes_rows(change) || required.rows < 3) return;
        std::vector<float> piece(static_cast<size_t>(2 * required.columns));
        read_changed(source, change, 1, 3, required.columns, piece.data());
        const auto first = values.begin() + static_cast<std::ptrdiff_t>(required.columns);
        EXPECT_EQ(piece, std::vector<float>(first, first + 2 * required.columns)) << required.name;
    }

    ModelConfig config;
    TensorValues before;
    ExactChanges changes;
    std::map<std::string, SourceTensor> sources;
    TensorValues after;
};

TEST(ExactChanges, LogitsStayTheSame) {
    for (const auto& [name, config] : small_configs()) {
        if (!can_rotate(config)) continue;
        for (const uint64_t seed : {0U, 5U}) {
            SCOPED_TRACE(name + ", seed " + std::to_string(seed));
            const ChangedModel model(config, seed);
            const auto ids = some_ids(config, 2, 7);
            const auto wanted = decoder_logits(config, stored_tensors(config, model.before), ids);
            const auto got = decoder_logits(config, stored_tensors(config, model.after), ids);
            EXPECT_LT(largest_difference(got, wanted), 5e-5F * largest_magnitude(wanted));
        }
    }
}

TEST(ExactChanges, EveryMatrixIsTurnedAndEveryNormFolded) {
    for (const auto& [name, config] : small_configs()) {
        if (!can_rotate(config)) continue;
        SCOPED_TRACE(name);
        const ChangedModel model(config, 1);
        EXPECT_EQ(model.changes.mixes_head(), config.tied_embeddings);
        EXPECT_EQ(model.changes.seed(), 1U);
        for (const auto& required : required_tensors(config)) {
            SCOPED_TRACE(required.name);
            const auto& before = model.before.at(required.name);
            const auto& after = model.after.at(required.name);
            if (required.role != TensorRole::vector) {
                EXPECT_NE(after, before);
            } else if (required.name.ends_with("layernorm.weight") || required.name == kFinalNormName) {
                EXPECT_EQ(after, std::vector<float>(before.size(), 1.0F));
            }
            // What lies behind a product of its own is as it was: queries and keys are not turned.
            for (const char* left : {"q_norm.weight", "k_norm.weight", "q_proj.bias", "k_proj.bias",
                                     "gate_proj.bias", "up_proj.bias", kRopeFactorsName})
                if (required.name.ends_with(left)) {
                    EXPECT_EQ(after, before);
                }
        }
    }
}

TEST(ExactChanges, ATiedTableIsTurnedAlone) {
    auto config = small_configs().at("qwen3, tied");
    const ChangedModel model(config, 1);
    EXPECT_EQ(model.change_of(kEmbeddingName).scale, nullptr);
    EXPECT_EQ(model.change_of(kHeadMixName).scale, &model.sources.at(kFinalNormName));
    EXPECT_TRUE(mixes_rows(model.change_of(kHeadMixName)));
    config.tied_embeddings = false;
    const ChangedModel apart(config, 1);
    EXPECT_EQ(apart.change_of(kHeadName).scale, &apart.sources.at(kFinalNormName));
    EXPECT_FALSE(mixes_rows(apart.change_of(kHeadName)));
}

}  // namespace
}  // namespace ovenbird
