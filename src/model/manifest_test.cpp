#include "model/manifest.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "base/error.hpp"
#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

class ManifestTest : public testing::Test {
protected:
    std::string refusal() const {
        try {
            read_manifest(folder_);
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    }
    TestFolder temporary_;
    std::filesystem::path folder_ = temporary_.path();
};

Manifest small_manifest() {
    Manifest manifest;
    manifest.ovenbird_version = "0.1.0";
    manifest.openvino_version = "2026.4.1";
    manifest.source_kind = "gguf";
    manifest.source_name = "m.gguf";
    manifest.source_files = {{"m.gguf", 12, "blake3:00"}};
    manifest.model_type = "llama";
    manifest.seq_len = 128;
    manifest.inputs = {{"input_ids", "[1,128] i64"}};
    manifest.text_files = {"tokenizer.json"};
    return manifest;
}

TEST_F(ManifestTest, WhatIsWrittenIsReadBack) {
    Manifest manifest = small_manifest();
    manifest.options = {{"bits", 4}};
    write_file(folder_ / kManifestName, to_json(manifest).dump(2));
    EXPECT_EQ(to_json(read_manifest(folder_)), to_json(manifest));
}

TEST_F(ManifestTest, OtherFormatsAndDamageAreRefused) {
    EXPECT_NE(refusal().find(kManifestName), std::string::npos);
    write_file(folder_ / kManifestName, R"({"format": 99})");
    EXPECT_NE(refusal().find("99"), std::string::npos);
    write_file(folder_ / kManifestName, R"({"format": 1, "ovenbird": 5})");
    EXPECT_NE(refusal().find("ovenbird"), std::string::npos);
    write_file(folder_ / kManifestName, "{");
    EXPECT_FALSE(refusal().empty());
}

Manifest full_manifest() {
    Manifest manifest = small_manifest();
    manifest.outputs = {{"logits", "[1,1,9] f32"}};
    manifest.context = 256;
    manifest.dynamic_graph = kDynamicGraph;
    manifest.graphs = {{"decode_256", 1, 255, 256, false}};
    FoldedStep step;
    static_cast<Step&>(step) = {"decode_256", 1, 255, 256, false};
    step.before = "folded/before.xml";
    step.layers = {"folded/decode_256.xml"};
    step.head = "folded/head.xml";
    manifest.folded.steps = {step};
    manifest.folded.layers = {{0, {"shared.0"}, {"0.key"}, {{"weights.0", {0, 8}}}}};
    manifest.folded.head_weights = {{"weights.0", {8, 8}}};
    CompiledBlob blob;
    blob.platform = 4000;
    blob.file = blob_name(4000, blob.graph);
    manifest.blobs = {blob};
    return manifest;
}

// Every place in `json` that holds no object: arrays themselves, and what is in them.
std::vector<Json::json_pointer> places_in(const Json& json) {
    std::vector<Json::json_pointer> places;
    const std::function<void(const Json&, const Json::json_pointer&)> look = [&](const Json& value,
                                                                                 const auto& place) {
        if (!place.empty()) places.push_back(place);
        if (value.is_object())
            for (const auto& [key, inner] : value.items())
                look(inner, place / key);
        for (size_t i = 0; value.is_array() && i < value.size(); ++i)
            look(value[i], place / i);
    };
    look(json, Json::json_pointer());
    return places;
}

TEST_F(ManifestTest, EveryBrokenFieldIsRefusedByItsName) {
    const Json whole = to_json(full_manifest());
    write_file(folder_ / kManifestName, whole.dump());
    ASSERT_EQ(refusal(), "");
    const Json wrong[] = {-1,
                          1.5,
                          1e300,
                          UINT64_MAX,
                          INT64_MAX,
                          true,
                          "text",
                          Json::array({Json::array()}),
                          Json::object({{"x", 1}}),
                          7};
    for (const auto& place : places_in(whole)) {
        for (const auto& value : wrong) {
            if (value.type() == whole[place].type() && (value.is_string() || value.is_boolean())) continue;
            if (whole[place].is_number() && value == 7) continue;  // another number may be as good
            if (whole[place].is_number_float() && value.is_number()) continue;
            if (whole[place].is_object() && value.is_object()) continue;
            Json broken = whole;
            broken[place] = value;
            write_file(folder_ / kManifestName, broken.dump());
            const std::string text = refusal();
            // What a place in an array holds is told by the array's name.
            auto named = place;
            while (named.back().find_first_not_of("0123456789") == std::string::npos)
                named.pop_back();
            EXPECT_NE(text.find(named.back()), std::string::npos) << place.to_string() << value << text;
            EXPECT_NE(text.find(kManifestName), std::string::npos) << place.to_string() << value << text;
        }
    }
}

TEST_F(ManifestTest, AMissingFieldIsNoCrash) {
    const Json whole = to_json(full_manifest());
    for (const auto& place : places_in(whole)) {
        if (whole[place.parent_pointer()].is_array()) continue;
        Json broken = whole;
        broken[place.parent_pointer()].erase(place.back());
        write_file(folder_ / kManifestName, broken.dump());
        EXPECT_TRUE(refusal().empty() || refusal().find(place.back()) != std::string::npos) << refusal();
    }
}

}  // namespace
}  // namespace ovenbird
