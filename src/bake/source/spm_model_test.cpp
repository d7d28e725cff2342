#include "bake/source/spm_model.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "bake/source/source_files.hpp"
#include "bake/source/spm_bytes.hpp"

namespace ovenbird {
namespace {

SpmModel parse(const std::string& bytes) {
    return parse_spm_model(bytes_of(bytes), "m.model");
}

TEST(SpmModel, ReadsPiecesAndAlgorithm) {
    const std::string bytes =
        SpmFile(2).piece("<unk>", 0, 2).piece("\u2581a", -1.5F).piece("[X]", 0, 4).bytes();
    const SpmModel model = parse(bytes);
    ASSERT_EQ(model.pieces.size(), 3U);
    EXPECT_EQ(model.algorithm, SpmAlgorithm::bpe);
    EXPECT_EQ(model.unknown, "<unk>");
    EXPECT_EQ(model.pieces[1].text, "\u2581a");
    EXPECT_EQ(model.pieces[1].score, -1.5F);
    EXPECT_EQ(model.pieces[1].kind, SpmKind::normal);
    EXPECT_EQ(model.pieces[2].kind, SpmKind::user_defined);
}

TEST(SpmModel, FieldsThatAreNotNeededAreSteppedOver) {
    const std::string bytes = std::string("\x2A\x02hi\x30\x96\x01\x39", 8) + std::string(8, 'x') +
                              SpmFile(1).piece("a", -1).bytes();
    EXPECT_EQ(parse(bytes).pieces.size(), 1U);
}

TEST(SpmModel, EveryCutIsAnErrorOrAShorterModel) {
    const std::string bytes = SpmFile(2).piece("<unk>", 0, 2).piece("ab", -1).bytes();
    for (size_t size = 0; size < bytes.size(); ++size) {
        try {
            EXPECT_LE(parse(bytes.substr(0, size)).pieces.size(), 2U);
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::invalid_input) << error.what();
        }
    }
}

TEST(SpmModel, HostileBytes) {
    const auto expect_broken = [](const std::string& bytes, const std::string& what) {
        expect_error(ErrorCode::invalid_input, {"m.model", what, "at byte"}, [&] { parse(bytes); });
    };
    expect_broken("", "no piece");
    expect_broken(std::string("\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 11), "past the end");
    expect_broken(std::string(11, '\xFF'), "more than ten bytes");
    expect_broken("\x0B", "unknown kind");
    expect_broken(std::string("\x02\x00", 2), "without a number");
    expect_broken(SpmFile(2).piece("\xFF", 0).bytes(), "not UTF-8");
    expect_broken(SpmFile(2).piece("a", std::numeric_limits<float>::quiet_NaN()).bytes(), "no number");
    expect_broken("IQ== 0\nIg== 1\n", "at byte");  // a tiktoken file of the same name
}

}  // namespace
}  // namespace ovenbird
