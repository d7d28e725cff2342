#include "bake/calibrate/kept_work.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "bake/calibrate/activations.hpp"
#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

class KeptWorkTest : public testing::Test {
protected:
    struct Matrix {
        std::vector<std::byte> weights, scales, zero_points;
        explicit Matrix(int fill)
            : weights(12, static_cast<std::byte>(fill)),
              scales(4, static_cast<std::byte>(fill + 1)),
              zero_points(2, static_cast<std::byte>(fill + 2)) {}
        QuantTarget target() { return {weights, scales, zero_points}; }
    };

    // Two layers of two matrices each; the second of a layer has no zero points.
    void keep_two() {
        KeptWork kept(folder_, "key");
        CalibrationTokens tokens;
        tokens.length = 2;
        tokens.held_out = 1;
        tokens.ids = {5, 6, 7, 8};
        kept.keep(tokens);
        for (int layer = 0; layer < 2; ++layer) {
            Matrix one(10 * layer);
            Matrix other(10 * layer + 5);
            other.zero_points.clear();
            kept.keep(layer, {one.target(), other.target()},
                      {{"one", 0.25, 0.01, false}, {"other", 0, 0.1, true}});
        }
    }

    int64_t layers_after(const std::function<void()>& damage) {
        keep_two();
        damage();
        const KeptWork kept(folder_, "key");
        EXPECT_EQ(kept.matrices().size(), 2 * static_cast<size_t>(kept.layers()));
        EXPECT_EQ(kept.tokens().has_value(), kept.layers() > 0);
        return kept.layers();
    }

    static void expect_error(ErrorCode code, const char* name, const std::function<void()>& action) {
        try {
            action();
            ADD_FAILURE() << "no error for " << name;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), code);
            EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
            EXPECT_NE(std::string(error.what()).find("delete its folder"), std::string::npos) << error.what();
        }
    }

    void cut(const char* name) const {
        const std::string content = read_file(folder_ / name);
        write_file(folder_ / name, content.substr(0, content.size() / 2));
    }

    TestFolder temporary_;
    fs::path folder_ = temporary_.path() / "kept";
};

TEST_F(KeptWorkTest, IsFoundAgainByItsKey) {
    keep_two();
    const KeptWork kept(folder_, "key");
    EXPECT_EQ(kept.layers(), 2);
    ASSERT_EQ(kept.matrices().size(), 4U);
    EXPECT_EQ(kept.matrices()[0].name, "one");
    EXPECT_EQ(kept.matrices()[0].relative_error, 0.25);
    EXPECT_EQ(kept.matrices()[3].damping, 0.1);
    EXPECT_TRUE(kept.matrices()[3].data_free);
    const auto tokens = kept.tokens();
    ASSERT_TRUE(tokens.has_value());
    EXPECT_EQ(tokens->length, 2);
    EXPECT_EQ(tokens->held_out, 1);
    EXPECT_EQ(tokens->ids, (std::vector<int64_t>{5, 6, 7, 8}));
    Matrix one(0);
    Matrix other(0);
    other.zero_points.clear();
    kept.restore(1, {one.target(), other.target()});
    EXPECT_EQ(one.weights, Matrix(10).weights);
    EXPECT_EQ(one.zero_points, Matrix(10).zero_points);
    EXPECT_EQ(other.scales, Matrix(15).scales);
}

TEST_F(KeptWorkTest, OfAnotherKeyNothingIsLeft) {
    keep_two();
    const KeptWork other(folder_, "another");
    EXPECT_EQ(other.layers(), 0);
    EXPECT_TRUE(other.matrices().empty());
    EXPECT_FALSE(other.tokens().has_value());
    EXPECT_EQ(KeptWork(folder_, "key").layers(), 0);
    EXPECT_FALSE(fs::exists(folder_ / "layer_0.bin"));
}

TEST_F(KeptWorkTest, DamagedItBeginsAnew) {
    EXPECT_EQ(layers_after([] {}), 2);
    for (const char* name : {"state.json", "tokens.json"}) {
        EXPECT_EQ(layers_after([&] { cut(name); }), 0) << name;
        EXPECT_EQ(layers_after([&] { fs::remove(folder_ / name); }), 0) << name;
        for (const char* content : {"", "[]", "{}", "null"})
            EXPECT_EQ(layers_after([&] { write_file(folder_ / name, content); }), 0) << name << content;
    }
    for (const char* state :
         {R"({"key":"key","layers":-1,"matrices":[]})", R"({"key":"key","layers":9,"matrices":[]})",
          R"({"key":"key","layers":1e30,"matrices":[]})", R"({"key":7,"layers":1,"matrices":[]})",
          R"({"key":"key","layers":1,"matrices":[1]})"})
        EXPECT_EQ(layers_after([&] { write_file(folder_ / "state.json", state); }), 0) << state;
    for (const char* tokens :
         {R"({"length":0,"held_out":0,"ids":[1]})", R"({"length":1,"held_out":1,"ids":[1]})",
          R"({"length":2,"held_out":0,"ids":[1,2,3]})", R"({"length":1,"held_out":0,"ids":["a"]})",
          R"({"length":1,"held_out":0,"ids":[]})"})
        EXPECT_EQ(layers_after([&] { write_file(folder_ / "tokens.json", tokens); }), 0) << tokens;
    EXPECT_EQ(layers_after([&] { fs::remove(folder_ / "layer_1.bin"); }), 0);
}

TEST_F(KeptWorkTest, FilesOfAnotherSizeSayWhatToDelete) {
    keep_two();
    cut("layer_1.bin");
    const KeptWork kept(folder_, "key");
    Matrix one(0);
    Matrix other(0);
    other.zero_points.clear();
    expect_error(ErrorCode::invalid_input, "layer_1.bin", [&] {
        kept.restore(1, {one.target(), other.target()});
    });
    Activations::create(kept.file("hidden"), 3, 4).row(2)[3] = 7;
    const Activations found = Activations::open(kept.file("hidden"), 3, 4);
    EXPECT_EQ(found.row(2)[3], 7);
    expect_error(ErrorCode::invalid_input, "hidden", [&] { Activations::open(kept.file("hidden"), 3, 5); });
    expect_error(ErrorCode::not_found, "nowhere", [&] { Activations::open(kept.file("nowhere"), 3, 4); });
}

}  // namespace
}  // namespace ovenbird
