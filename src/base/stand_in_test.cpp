#include "base/stand_in.hpp"

#include <gtest/gtest.h>

#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

constexpr const char* kPointer =
    "version https://git-lfs.github.com/spec/v1\noid sha256:1234\nsize 4976698672\n";

TEST(StandIn, IsKnownByItsBeginning) {
    EXPECT_EQ(stand_in(kPointer, ".safetensors"), StandIn::lfs_pointer);
    EXPECT_EQ(stand_in(kPointer, ".txt"), StandIn::lfs_pointer);
    EXPECT_EQ(stand_in("\n <!DOCTYPE HTML><html>", ".json"), StandIn::web_page);
    EXPECT_EQ(stand_in("\xEF\xBB\xBF<HTML lang=en>", ".gguf"), StandIn::web_page);
    EXPECT_EQ(stand_in("<?xml version=\"1.0\"?><Error><Code>AccessDenied", ".bin"), StandIn::server_message);
}

TEST(StandIn, WhatMayBeTheFileIsNone) {
    EXPECT_FALSE(stand_in("<?xml version=\"1.0\"?><net name=", ".xml"));
    EXPECT_FALSE(stand_in("{\"a\": 1}", ".json"));
    EXPECT_FALSE(stand_in("<html> {{ messages }}", ".jinja"));
    EXPECT_FALSE(stand_in("", ".safetensors"));
    EXPECT_FALSE(stand_in("version https://git", ".txt"));
    EXPECT_FALSE(stand_in(std::string_view("\0\0\0", 3), ".bin"));
}

TEST(StandIn, AFolderIsRefusedWithTheNames) {
    const TestFolder folder;
    write_file(folder / "config.json", "{}");
    EXPECT_NO_THROW(refuse_stand_ins(folder.path()));
    EXPECT_NO_THROW(refuse_stand_ins(folder / "nothing"));
    write_file(folder / "model.safetensors", kPointer);
    write_file(folder / "notes.md", kPointer);  // no part of a model
    const auto one = error_of(ErrorCode::invalid_input, [&] { refuse_stand_ins(folder.path()); });
    EXPECT_NE(one.find("model.safetensors is a Git LFS pointer"), std::string::npos) << one;
    for (const char* name : {"tokenizer.json", "tokenizer.model", "x.gguf"})
        write_file(folder / name, kPointer);
    const auto many = error_of(ErrorCode::invalid_input, [&] { refuse_stand_ins(folder.path()); });
    EXPECT_NE(many.find("each of 4 files (model.safetensors, tokenizer.json, tokenizer.model, …)"),
              std::string::npos)
        << many;
    error_of(ErrorCode::invalid_input, [&] { refuse_stand_ins(folder / "x.gguf"); });
}

}  // namespace
}  // namespace ovenbird
