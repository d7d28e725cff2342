#include "bake/source/safetensors.hpp"

#include <gtest/gtest.h>

#include "bake/source/source_files.hpp"

namespace ovenbird {
namespace {

std::vector<SafetensorsEntry> parse(const std::string& file) {
    return parse_safetensors(bytes_of(file), "m.safetensors");
}

std::string entry(const std::string& name, const std::string& type, const std::string& shape, uint64_t begin,
                  uint64_t end) {
    return "\"" + name + "\":{\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":[" +
           std::to_string(begin) + "," + std::to_string(end) + "]}";
}

void expect_refused(const std::string& file, const std::vector<std::string>& words,
                    ErrorCode code = ErrorCode::invalid_input) {
    std::vector<std::string> all = words;
    all.emplace_back("m.safetensors");
    expect_error(code, all, [&] { parse(file); });
}

TEST(Safetensors, ReadsEntriesInTheOrderOfTheData) {
    const std::string header = "{\"__metadata__\":{\"format\":\"pt\"}," + entry("b", "F16", "[2,3]", 8, 20) +
                               "," + entry("a", "F32", "[2]", 0, 8) + "," +
                               entry("none", "BF16", "[0,4]", 8, 8) + "}   ";
    const auto entries = parse(safetensors_file(header, std::string(20, 'x')));
    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(entries[0].name, "a");
    EXPECT_EQ(entries[1].name, "none");
    EXPECT_EQ(entries[2].name, "b");
    EXPECT_EQ(entries[2].type, SourceType::f16);
    EXPECT_EQ(entries[2].shape, (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(entries[2].begin, 8 + header.size() + 8);
    EXPECT_EQ(entries[2].end, 8 + header.size() + 20);
}

TEST(Safetensors, RefusesHeadersThatDoNotFit) {
    expect_refused("", {"0 bytes"});
    expect_refused("1234567", {"7 bytes"});
    expect_refused(raw(uint64_t{50}) + "{}", {"claims 50 bytes", "has 2"});
    expect_refused(raw(~uint64_t{0}) + "{}", {"18446744073709551615"});
    expect_refused(raw(uint64_t{100'000'001}) + std::string(64, ' '), {"100000001"});
    expect_refused(safetensors_file("", ""), {"does not start"});
    expect_refused(safetensors_file("[1]", ""), {"does not start"});
    expect_refused(safetensors_file("{\"a\":", ""), {"not valid JSON"});
    expect_refused(safetensors_file(std::string("{\"a\xFF\":1}"), ""), {"not valid JSON"});
    expect_refused(safetensors_file("{}trailing", ""), {"not valid JSON"});
}

// Whether a tensor is needed is not known here.
TEST(Safetensors, ListsOtherTypesByTheirNames) {
    const auto entries = parse(safetensors_file(
        "{" + entry("ids", "I64", "[2]", 0, 16) + "," + entry("mask", "U8", "[4]", 16, 20) + "," +
            entry("codes", "F4", "[2,4]", 20, 24) + "," + entry("of tomorrow", "F3", "[9]", 24, 28) + "," +
            entry("w", "F16", "[2]", 28, 32) + "}",
        std::string(32, 'x')));
    std::vector<std::string> types;
    for (const auto& each : entries)
        types.push_back(each.foreign_type);
    EXPECT_EQ(types, (std::vector<std::string>{"I64", "U8", "F4", "F3", ""}));
}

TEST(Safetensors, RefusesWrongEntries) {
    const auto with = [](const std::string& value) {
        return safetensors_file("{\"w\":" + value + "}", "12345678");
    };
    expect_refused(with("7"), {"tensor w"});
    expect_refused(with("[]"), {"tensor w"});
    expect_refused(with("{}"), {"tensor w", "needs dtype"});
    expect_refused(with(R"({"dtype":"F32","shape":[2],"data_offsets":[0]})"), {"two data_offsets"});
    expect_refused(with(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8,9]})"), {"more than two"});
    expect_refused(with(R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})"), {"shape", "negative"});
    expect_refused(with(R"({"dtype":"F32","shape":[2.5],"data_offsets":[0,8]})"), {"shape", "fraction"});
    expect_refused(with(R"({"dtype":"F32","shape":[[2]],"data_offsets":[0,8]})"), {"shape", "a list"});
    expect_refused(with(R"({"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,8]})"), {"shape"});
    expect_refused(with(R"({"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]})"),
                   {"shape", "huge"});
    expect_refused(with(R"({"dtype":"F32","dtype":"F16","shape":[2],"data_offsets":[0,8]})"),
                   {"dtype is given twice"});
    expect_refused(with(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8],"more":1})"),
                   {"unknown key more"});
    expect_refused(
        with(R"({"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2],"data_offsets":[0,8]})"),
        {"more than 16 axes"});
    expect_refused(with(R"({"dtype":"I32","shape":[3],"data_offsets":[0,8]})"), {"tensor w", "[3] of I32"});
    expect_refused(with(R"({"dtype":"F4","shape":[17],"data_offsets":[0,8]})"), {"tensor w", "[17] of F4"});
    expect_refused(with(R"({"dtype":"","shape":[2],"data_offsets":[0,8]})"),
                   {"tensor w", "no name of a type"});
    expect_refused(safetensors_file(R"({"__metadata__":{"a":1}})", ""), {"__metadata__"});
    std::string deep(10000, '[');
    expect_refused(with(R"({"dtype":)" + deep), {"tensor w"});
}

TEST(Safetensors, RefusesLyingOffsets) {
    const auto data = std::string(16, 'x');
    const auto file = [&](const std::string& entries) { return safetensors_file("{" + entries + "}", data); };
    expect_refused(file(entry("w", "F32", "[8]", 0, 32)), {"tensor w", "0 to 32 of 16"});
    expect_refused(file(entry("w", "F32", "[4]", 16, 0)), {"16 to 0"});
    expect_refused(file(entry("w", "F32", "[3]", 0, 16)), {"16 bytes", "[3] of f32"});
    expect_refused(file(entry("w", "F32", "[4611686018427387904,4]", 0, 16)),
                   {"do not fit"});  // 2^64 wraps to 0
    expect_refused(file(entry("w", "F32", "[9223372036854775807,9223372036854775807]", 0, 16)),
                   {"do not fit"});
    expect_refused(file(entry("v", "F32", "[3]", 0, 12) + "," + entry("w", "F32", "[2]", 8, 16)),
                   {"v and w overlap", "byte 8"});
    expect_refused(file(entry("v", "F32", "[1]", 0, 4) + "," + entry("w", "F32", "[2]", 8, 16)),
                   {"4 bytes before tensor w"});
    expect_refused(file(entry("v", "F32", "[1]", 0, 4)), {"last 12 bytes"});
    expect_refused(file(entry("v", "F32", "[4]", 0, 16) + "," + entry("v", "F32", "[4]", 0, 16)),
                   {"listed twice"});
}

TEST(Safetensors, RefusesHugeCounts) {
    std::string header = "{";
    for (int i = 0; i <= 1 << 18; ++i) {
        header += (i == 0 ? "" : ",") + entry("n" + std::to_string(i), "F32", "[0]", 0, 0);
    }
    expect_refused(safetensors_file(header + "}", ""), {"more than 262144 tensors"});
}

TEST(Safetensors, NamesCannotSteerTheTerminal) {
    const std::string header = "{" + entry("\\u001b[31m", "F64", "[2]", 0, 8) + "}";
    try {
        parse(safetensors_file(header, "12345678"));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(std::string(error.what()).find('\x1b'), std::string::npos);
    }
}

}  // namespace
}  // namespace ovenbird
