#include "bake/source/gguf_parts.hpp"

#include <gtest/gtest.h>

#include "bake/source/checkpoint.hpp"
#include "bake/source/source_files.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

GgufFile part(uint32_t number, uint32_t count, uint32_t tensors) {
    GgufFile file;
    file.u32("split.no", number).u32("split.count", count).u32("split.tensors.count", tensors);
    return file;
}

GgufFile with(GgufFile file, std::string_view tensor) {
    return file.floats(tensor, {2}, {1, 2});
}

std::string name_of(int number) {
    return "m-0000" + std::to_string(number) + "-of-00003.gguf";
}

// A model of three parts; the first has metadata and no tensor, as some converters write it.
class GgufParts : public testing::Test {
protected:
    GgufParts() {
        put(1, part(0, 3, 3).text("general.name", "whole"));
        put(2, with(with(part(1, 3, 3), "b"), "a"));
        put(3, with(part(2, 3, 3), "c"));
    }
    void put(int number, const GgufFile& file) { folder.write(name_of(number), file.bytes()); }
    fs::path path(int number) const { return folder.path() / name_of(number); }
    // Whichever part is given.
    void expect_refused(ErrorCode code, std::vector<std::string> words) {
        for (const int given : {1, 2, 3}) {
            if (!fs::exists(path(given))) continue;
            SCOPED_TRACE(given);
            expect_error(code, words, [&] { open_gguf_parts(path(given)); });
        }
    }
    SourceFolder folder;
};

TEST_F(GgufParts, AnyPartOpensAllInOrder) {
    for (const int given : {1, 2, 3}) {
        const auto parts = open_gguf_parts(path(given));
        ASSERT_EQ(parts.size(), 3U);
        EXPECT_EQ(parts[0].header.metadata.text("general.name"), "whole");
        EXPECT_TRUE(parts[0].header.tensors.empty());
        EXPECT_EQ(parts[1].header.tensors.size(), 2U);
        EXPECT_EQ(parts[2].header.tensors[0].name, "c");
        for (const int number : {1, 2, 3})
            EXPECT_EQ(parts[static_cast<size_t>(number) - 1].map->path(), path(number));
    }
}

TEST_F(GgufParts, OneFileIsOnePart) {
    for (const uint32_t count : {0U, 1U}) {
        const auto file = folder.write("whole.gguf", with(part(0, count, 1), "a").bytes());
        EXPECT_EQ(open_gguf_parts(file).size(), 1U);
    }
}

TEST_F(GgufParts, NamesWhatIsMissing) {
    fs::remove(path(2));
    expect_refused(ErrorCode::not_found, {"one of 3 parts", path(2).string()});
    fs::remove(path(1));
    expect_refused(ErrorCode::not_found, {path(1).string() + ", " + path(2).string()});
}

TEST_F(GgufParts, NamesForeignParts) {
    put(2, with(with(part(2, 3, 3), "b"), "a"));
    expect_refused(ErrorCode::invalid_input, {name_of(2), "split.no is 2, expected 1"});
    put(2, with(GgufFile(), "b"));
    expect_error(ErrorCode::invalid_input, {name_of(2), "split.count is missing, expected 3"},
                 [&] { open_gguf_parts(path(1)); });
    put(2, with(part(1, 4, 3), "b"));
    expect_error(ErrorCode::invalid_input, {name_of(2), "split.count is 4, expected 3"},
                 [&] { open_gguf_parts(path(3)); });
    expect_error(ErrorCode::invalid_input, {name_of(2), "one of 4 parts", "-of-00004.gguf"},
                 [&] { open_gguf_parts(path(2)); });
    put(2, with(part(1, 3, 5), "b"));
    expect_error(ErrorCode::invalid_input, {name_of(2), "split.tensors.count is 5, expected 3"},
                 [&] { open_gguf_parts(path(1)); });
}

TEST_F(GgufParts, CountsTensors) {
    put(2, with(part(1, 3, 3), "b"));
    expect_refused(ErrorCode::invalid_input, {name_of(1), "hold 2 tensors", "says 3"});
    put(2, with(with(part(1, 3, 3), "b"), "c"));
    expect_refused(ErrorCode::invalid_input, {name_of(3), "tensor c", name_of(2)});
    put(2, with(part(1, 3, 3), "b").tensor("c", {2}, 24, "xx"));  // of a type that is not read
    expect_refused(ErrorCode::invalid_input, {"tensor c"});
    put(1, GgufFile().u32("split.count", 3));
    expect_error(ErrorCode::invalid_input, {name_of(1), "split.tensors.count", "missing"},
                 [&] { open_gguf_parts(path(1)); });
}

TEST_F(GgufParts, NamesThatAreNoPart) {
    GgufMetadata metadata("m.gguf");
    metadata.insert("split.count", uint64_t{3});
    for (const char* name :
         {"m.gguf", "m-00001-of-00002.gguf", "m-00004-of-00003.gguf", "m-00000-of-00003.gguf",
          "m-0000x-of-00003.gguf", "m-00001-on-00003.gguf", "00001-of-00003.gguf", "gguf"}) {
        expect_error(ErrorCode::invalid_input, {"m.gguf", "one of 3 parts", "-00001-of-00003.gguf"},
                     [&] { gguf_part_paths(name, metadata); });
    }
    EXPECT_EQ(gguf_part_paths("x/y.1-00003-of-00003.GGUF", metadata)[0], "x/y.1-00001-of-00003.GGUF");
    EXPECT_EQ(gguf_part_paths("-00002-of-00003.gguf", metadata)[2], "-00003-of-00003.gguf");
    for (const int64_t count : {int64_t{-1}, int64_t{4097}, int64_t{1} << 62}) {
        GgufMetadata lying("m.gguf");
        lying.insert("split.count", count);
        expect_error(ErrorCode::invalid_input, {"m.gguf", std::to_string(count), "4096 parts"},
                     [&] { gguf_part_paths("m-00001-of-00002.gguf", lying); });
    }
}

}  // namespace
}  // namespace ovenbird
