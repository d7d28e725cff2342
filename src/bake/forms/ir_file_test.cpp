#include "bake/forms/ir_file.hpp"

#include <gtest/gtest.h>

#include <openvino/op/ops.hpp>
#include <openvino/openvino.hpp>

#include "base/error.hpp"
#include "base/test_folder.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;
namespace fs = std::filesystem;

class IrFileTest : public testing::Test {
protected:
    void SetUp() override {
        std::string bytes(200, '\0');
        for (size_t i = 0; i < bytes.size(); ++i)
            bytes[i] = static_cast<char>(i);
        write_file(bin(), bytes);
    }
    fs::path bin() const { return folder_ / "m.bin"; }
    fs::path xml(const char* name) const { return folder_ / name; }

    // x * constant at `offset` of the file + an own constant.
    std::shared_ptr<ov::Model> model_over(const MappedFile& map, size_t offset, float own) const {
        const auto x = std::make_shared<v0::Parameter>(ov::element::f32, ov::PartialShape{16});
        const auto stored = std::make_shared<v0::Constant>(ov::element::i8, ov::Shape{16},
                                                           map.bytes().data() + offset, nullptr);
        const auto product =
            std::make_shared<v1::Multiply>(x, std::make_shared<v0::Convert>(stored, ov::element::f32));
        const auto sum =
            std::make_shared<v1::Add>(product, v0::Constant::create(ov::element::f32, {1}, {own}));
        return std::make_shared<ov::Model>(ov::OutputVector{sum}, ov::ParameterVector{x});
    }
    float first_value(const std::shared_ptr<ov::Model>& model, size_t index) const {
        auto request = ov::Core().compile_model(model, "CPU").create_infer_request();
        std::vector<float> ones(16, 1.0F);
        request.set_input_tensor(ov::Tensor(ov::element::f32, {16}, ones.data()));
        request.infer();
        return request.get_output_tensor().data<float>()[index];
    }
    TestFolder temporary_;
    fs::path folder_ = temporary_.path();
};

TEST_F(IrFileTest, StoredConstantsAreReferredToAndNewOnesAppended) {
    const auto map = MappedFile::open(bin());
    write_ir(model_over(*map, 64, 0.5F), xml("a.xml"), bin(), map->bytes());
    EXPECT_EQ(fs::file_size(bin()), 256U + 4U);  // 200 rounded up to 256, then one f32
    const auto read = read_ir(xml("a.xml"), bin());
    EXPECT_FLOAT_EQ(first_value(read.model, 3), 67.5F);
    // Plain OpenVINO, that knows nothing of this file's history, must read the same.
    EXPECT_FLOAT_EQ(first_value(ov::Core().read_model(xml("a.xml").string(), bin().string()), 3), 67.5F);
}

TEST_F(IrFileTest, SecondGraphOverTheSameFileDoesNotCopyWeights) {
    const auto map = MappedFile::open(bin());
    write_ir(model_over(*map, 0, 0.5F), xml("a.xml"), bin(), map->bytes());
    const auto before = fs::file_size(bin());
    const auto first = read_ir(xml("a.xml"), bin());
    write_ir(first.model, xml("b.xml"), bin(), first.weights->bytes());
    EXPECT_EQ(fs::file_size(bin()), before);
    EXPECT_FLOAT_EQ(first_value(read_ir(xml("b.xml"), bin()).model, 5), 5.5F);
}

TEST_F(IrFileTest, EqualNewConstantsAreWrittenOnce) {
    const auto map = MappedFile::open(bin());
    write_ir(model_over(*map, 0, 0.5F), xml("a.xml"), bin(), map->bytes());
    const auto before = fs::file_size(bin());
    write_ir(model_over(*map, 0, 0.5F), xml("b.xml"), bin(), map->bytes());
    EXPECT_EQ(fs::file_size(bin()), before);
    write_ir(model_over(*map, 0, 0.25F), xml("c.xml"), bin(), map->bytes());
    EXPECT_EQ(fs::file_size(bin()), before + 64);  // to the next place, less 60 of padding, and one f32
    EXPECT_FLOAT_EQ(first_value(read_ir(xml("b.xml"), bin()).model, 5), 5.5F);
    EXPECT_FLOAT_EQ(first_value(read_ir(xml("c.xml"), bin()).model, 5), 5.25F);
}

TEST_F(IrFileTest, NotAnIrIsAnError) {
    write_file(xml("bad.xml"), "<net name=");
    try {
        read_ir(xml("bad.xml"), bin());
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::invalid_input);
        EXPECT_NE(std::string(error.what()).find("bad.xml"), std::string::npos);
    }
}

}  // namespace
}  // namespace ovenbird
