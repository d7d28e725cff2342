#include "model/manifest.hpp"

#include <gtest/gtest.h>

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

TEST_F(ManifestTest, WhatIsWrittenIsReadBack) {
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

}  // namespace
}  // namespace ovenbird
