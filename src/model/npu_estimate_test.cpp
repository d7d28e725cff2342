#include "model/npu_estimate.hpp"

#include <gtest/gtest.h>

namespace ovenbird {
namespace {

// Layers of a 7B's size, or of a small model's.
Manifest model_of(size_t layers, uint64_t layer_bytes, uint64_t head_bytes) {
    Manifest manifest;
    manifest.context = 1024;
    manifest.graphs = {{"graphs/decode_1024.xml", 1, 1023, 1024, false}};
    manifest.folded.steps = {
        {"decode_1024", 1, 1023, 1024, false, "before.xml", {"folded/decode_1024.xml"}, "folded/head.xml"}};
    for (size_t layer = 0; layer < layers; ++layer)
        manifest.folded.layers.push_back({0, {}, {}, {{"weights.0", {layer * layer_bytes, layer_bytes}}}});
    manifest.folded.head_weights = {{"weights.0", {layers * layer_bytes, head_bytes}}};
    return manifest;
}

TEST(NpuEstimate, FoldedDoesNotDependOnTheDepth) {
    const auto two = estimate_npu(model_of(2, 109'000'000, 65'000'000), 4000);
    const auto all = estimate_npu(model_of(32, 109'000'000, 65'000'000), 4000);
    ASSERT_TRUE(two && all);
    EXPECT_EQ(two->folded.seconds, all->folded.seconds);
    EXPECT_EQ(two->folded.memory_mb, all->folded.memory_mb);
    EXPECT_GT(all->whole.seconds, 10 * two->whole.seconds);
    EXPECT_EQ(all->folded.requests, 33);
    EXPECT_EQ(all->whole.requests, 1);
    EXPECT_GT(all->whole.device_bytes, all->folded.device_bytes);  // two whole graphs hold the weights twice
}

TEST(NpuEstimate, NothingIsReckonedWithoutATable) {
    EXPECT_FALSE(estimate_npu(Manifest(), 4000).has_value());
    EXPECT_FALSE(choose_npu_form(Manifest(), 4000).folded);
}

TEST(NpuEstimate, WhatIsCompiledSoonerIsChosen) {
    auto manifest = model_of(32, 109'000'000, 65'000'000);
    EXPECT_TRUE(choose_npu_form(manifest, 4000).folded);
    EXPECT_NE(choose_npu_form(manifest, 4000).reason.find(" s"), std::string::npos);
    manifest = model_of(1, 109'000'000, 1'000'000);
    EXPECT_FALSE(choose_npu_form(manifest, 4000).folded);  // a single layer is folded in vain
    manifest.graphs.clear();
    EXPECT_TRUE(choose_npu_form(manifest, 4000).folded);
}

TEST(NpuEstimate, BlobsThatAreThereComeFirst) {
    auto manifest = model_of(1, 109'000'000, 1'000'000);
    const auto blob = [](int platform, const char* graph) {
        CompiledBlob made;
        made.platform = platform;
        made.graph = graph;
        return made;
    };
    manifest.blobs = {blob(4000, "folded/decode_1024.xml"), blob(5010, "folded/head.xml")};
    EXPECT_FALSE(choose_npu_form(manifest, 4000).folded);  // the head is for another one
    manifest.blobs.push_back(blob(4000, "folded/head.xml"));
    EXPECT_TRUE(choose_npu_form(manifest, 4000).folded);
    EXPECT_FALSE(choose_npu_form(manifest, 3720).folded);
}

}  // namespace
}  // namespace ovenbird
