#include <gtest/gtest.h>

#include <filesystem>

#include "bake/source/checkpoint.hpp"
#include "bake/source/source_files.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

std::string one_tensor(const std::string& name, float first) {
    return safetensors_file("{\"" + name + "\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
                            raw(std::vector<float>{first, first + 1}));
}

float first_value(const Checkpoint& checkpoint, const std::string& name) {
    float values[2] = {-1, -1};
    read_rows(checkpoint.tensors().at(name), 0, 1, values);
    return values[0];
}

TEST(OpenCheckpoint, NamesThatAreNoLocalPath) {
    expect_error(ErrorCode::not_found, {"'org/some-model' does not exist", "a hub's ORG/NAME"},
                 [] { open_checkpoint("org/some-model"); });
    expect_error(ErrorCode::not_found, {"'./no/such'", "does not exist"},
                 [] { open_checkpoint("./no/such"); });
    expect_error(ErrorCode::not_found, {"does not exist"}, [] { open_checkpoint("models/no.gguf"); });
}

TEST(OpenCheckpoint, OtherFiles) {
    const SourceFolder folder;
    const auto path = folder.write("model.onnx", "x");
    expect_error(ErrorCode::unsupported, {"model.onnx", ".gguf"}, [&] { open_checkpoint(path); });
}

TEST(HfFolder, OneFile) {
    const SourceFolder folder;
    folder.write("config.json", R"({"model_type":"llama"})");
    const auto file = folder.write("model.safetensors", one_tensor("w", 3));
    for (const auto& source : {folder.path(), file}) {
        const auto checkpoint = open_checkpoint(source);
        EXPECT_STREQ(checkpoint->kind(), "huggingface");
        EXPECT_EQ(checkpoint->config().at("model_type"), "llama");
        EXPECT_NE(checkpoint->config_origin().find("config.json"), std::string::npos);
        ASSERT_EQ(checkpoint->tensors().size(), 1U);
        EXPECT_EQ(first_value(*checkpoint, "w"), 3);
        ASSERT_EQ(checkpoint->files().size(), 1U);
        EXPECT_EQ(checkpoint->files()[0].filename(), "model.safetensors");
    }
}

TEST(HfFolder, OneFileOfAnotherName) {
    const SourceFolder folder;
    folder.write("config.json", "{}");
    folder.write("weights.safetensors", one_tensor("w", 3));
    folder.write("consolidated.safetensors", one_tensor("other", 3));
    EXPECT_TRUE(open_checkpoint(folder.path())->tensors().contains("w"));
}

TEST(HfFolder, Shards) {
    const SourceFolder folder;
    folder.write("config.json", "{}");
    folder.write("model.safetensors.index.json",
                 R"({"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})");
    folder.write("1.safetensors", one_tensor("a", 3));
    const fs::path blob = folder.write("blobs/9f", one_tensor("b", 5));
    fs::create_symlink(blob, folder.path() / "2.safetensors");  // as in the hub's cache
    const auto checkpoint = open_checkpoint(folder.path());
    EXPECT_EQ(checkpoint->tensors().size(), 2U);
    EXPECT_EQ(first_value(*checkpoint, "a"), 3);
    EXPECT_EQ(first_value(*checkpoint, "b"), 5);
    EXPECT_EQ(checkpoint->files().size(), 2U);
}

TEST(HfFolder, ShardsThatContradictTheIndex) {
    const SourceFolder folder;
    folder.write("config.json", "{}");
    folder.write("1.safetensors", one_tensor("a", 3));
    const auto expect_refused = [&](const std::string& index, ErrorCode code,
                                    const std::vector<std::string>& words) {
        folder.write("model.safetensors.index.json", index);
        expect_error(code, words, [&] { open_checkpoint(folder.path()); });
    };
    expect_refused(R"({"weight_map":{"a":"1.safetensors","b":"2.safetensors"}})", ErrorCode::not_found,
                   {"lacks 2.safetensors", "fetch that file"});
    for (const char* name : {"../1.safetensors", "/etc/1.safetensors", "x/../../1.safetensors",
                             "..\\\\1.safetensors", "C:1.safetensors", "", "1.safetensors\\u0000", "1.bin"}) {
        expect_refused(std::string(R"({"weight_map":{"a":")") + name + "\"}}", ErrorCode::invalid_input,
                       {"is not the name of a .safetensors file"});
    }
    expect_refused("{", ErrorCode::invalid_input, {"index.json", "weight_map"});
    expect_refused(R"({"weight_map":{"a":)" + std::string(100000, '['), ErrorCode::invalid_input,
                   {"lists inside"});
    expect_refused(R"({"weight_map":[]})", ErrorCode::invalid_input, {"weight_map"});
    expect_refused(R"({"weight_map":{}})", ErrorCode::invalid_input, {"lists no tensor"});
    expect_refused(R"({"weight_map":{"a":7}})", ErrorCode::invalid_input, {"tensor a"});
}

TEST(HfFolder, IncompleteFolders) {
    const SourceFolder folder;
    const auto expect_refused = [&](ErrorCode code, const std::vector<std::string>& words) {
        expect_error(code, words, [&] { open_checkpoint(folder.path()); });
    };
    expect_refused(ErrorCode::not_found, {"has no config.json"});
    folder.write("model.gguf", "x");
    expect_refused(ErrorCode::not_found, {"give the file itself", "model.gguf"});
    folder.write("config.json", "[]");
    expect_refused(ErrorCode::invalid_input, {"config.json", "object"});
    folder.write("config.json", "{}");
    expect_refused(ErrorCode::not_found, {"model.safetensors.index.json"});
    folder.write("adapter_config.json", "{}");
    expect_refused(ErrorCode::unsupported, {"adapter", "merge"});
    folder.write("pytorch_model.bin", "x");
    expect_refused(ErrorCode::unsupported, {"pytorch_model.bin", "convert them to safetensors"});
    folder.write("model-1.safetensors", one_tensor("a", 1));
    folder.write("model-2.safetensors", one_tensor("b", 1));
    expect_refused(ErrorCode::not_found, {"2 .safetensors files", "index"});
    folder.write("model.safetensors", safetensors_file("{}", ""));
    expect_refused(ErrorCode::invalid_input, {"holds no tensor"});
    fs::remove(folder.path() / "model.safetensors");
    fs::remove(folder.path() / "model-1.safetensors");
    fs::remove(folder.path() / "model-2.safetensors");
    fs::remove(folder.path() / "pytorch_model.bin");
    fs::remove(folder.path() / "adapter_config.json");
    folder.write("consolidated.safetensors", one_tensor("a", 1));
    expect_refused(ErrorCode::unsupported, {"consolidated", "Mistral's own format"});
}

TEST(HfFolder, CopiesTextFilesAndNothingElse) {
    const SourceFolder folder;
    folder.write("config.json", R"({"auto_map":{"AutoModel":"modeling_x.X"}})");
    folder.write("model.safetensors", one_tensor("w", 3));
    folder.write("modeling_x.py", "raise SystemExit");
    folder.write("tokenizer.json", std::string("{\"bytes\":\"\xE2\x96\x81\"}\r\n"));
    folder.write("chat_template.jinja", "{{ messages }}");
    folder.write("README.md", "x");
    const fs::path out = folder.path() / "out";
    fs::create_directory(out);
    const auto written = open_checkpoint(folder.path())->write_text_files(out);
    EXPECT_EQ(written, (std::vector<std::string>{"config.json", "tokenizer.json", "chat_template.jinja"}));
    for (const auto& name : written)
        EXPECT_EQ(content_of(out / name), content_of(folder.path() / name)) << name;
    EXPECT_FALSE(fs::exists(out / "modeling_x.py"));
}

}  // namespace
}  // namespace ovenbird
