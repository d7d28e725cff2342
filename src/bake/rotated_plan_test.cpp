#include <gtest/gtest.h>

#include <filesystem>

#include "bake/arch/architecture.hpp"
#include "bake/graph/test_model.hpp"
#include "bake/plan.hpp"
#include "bake/source/checkpoint.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

// The logits of a plan's tensors in f32: what storing them costs is another matter.
std::vector<float> logits_of(const Checkpoint& checkpoint, const std::string& rotate, int64_t seed,
                             int head_bits = 8) {
    BakeOptions options;
    options.bits = head_bits == 8 ? 16 : 4;
    options.head_bits = head_bits;
    options.context = 0;
    options.rotate = rotate;
    options.seed = seed;
    const BakePlan plan = make_plan(checkpoint, options);
    TensorValues values;
    for (const auto& tensor : plan.tensors) {
        auto& own = values[tensor.source->name];
        own.resize(static_cast<size_t>(tensor.rows * tensor.columns));
        read_planned(tensor, 0, tensor.rows, own.data());
    }
    EXPECT_EQ(values.contains(kHeadMixName), rotate == "on" && plan.config.tied_embeddings);
    const auto ids = some_ids(plan.config, 2, 20);
    return decoder_logits(plan.config, stored_tensors(plan.config, values), ids);
}

TEST(RotatedPlan, OfEveryTinyCheckpointSaysTheSame) {
    int64_t count = 0;
    for (const auto& item : fs::directory_iterator(fs::path(OVENBIRD_TESTDATA) / "tiny")) {
        if (!fs::exists(item.path() / "config.json")) continue;
        SCOPED_TRACE(item.path().filename().string());
        ++count;
        const auto checkpoint = open_checkpoint(item.path());
        const auto wanted = logits_of(*checkpoint, "off", 0);
        if (!can_rotate(read_model_config(checkpoint->config(), "c"))) {
            EXPECT_THROW(logits_of(*checkpoint, "on", 7), Error);
            continue;
        }
        const auto got = logits_of(*checkpoint, "on", 7);
        EXPECT_LT(largest_difference(got, wanted), 5e-5F * largest_magnitude(wanted));
        const auto own_head = logits_of(*checkpoint, "on", 7, 4);
        EXPECT_LT(largest_difference(own_head, wanted), 5e-5F * largest_magnitude(wanted));
    }
    EXPECT_GT(count, 15);
}

}  // namespace
}  // namespace ovenbird
