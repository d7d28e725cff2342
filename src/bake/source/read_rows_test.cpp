#include <gtest/gtest.h>

#include "bake/source/checkpoint.hpp"
#include "bake/source/source_files.hpp"

namespace ovenbird {
namespace {

SourceTensor tensor_of(const std::string& bytes, std::vector<int64_t> shape, int64_t heads) {
    SourceTensor tensor;
    tensor.name = "t";
    tensor.type = SourceType::f32;
    tensor.shape = std::move(shape);
    tensor.bytes = bytes_of(bytes);
    tensor.interleaved_heads = heads;
    return tensor;
}

TEST(ReadRows, PartOfAMatrix) {
    const std::string bytes = raw(std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7});
    float out[4];
    read_rows(tensor_of(bytes, {4, 2}, 0), 1, 3, out);
    EXPECT_EQ(std::vector<float>(out, out + 4), (std::vector<float>{2, 3, 4, 5}));
}

// Two heads of four rows; in the file a head's rows are x0 y0 x1 y1, in order they are x0 x1 y0 y1.
TEST(ReadRows, UndoesInterleaving) {
    const std::string bytes = raw(std::vector<float>{0, 2, 1, 3, 4, 6, 5, 7});
    std::vector<float> out(8);
    read_rows(tensor_of(bytes, {8, 1}, 2), 0, 8, out.data());
    EXPECT_EQ(out, (std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7}));
    out.resize(3);
    read_rows(tensor_of(bytes, {8, 1}, 2), 3, 6, out.data());
    EXPECT_EQ(out, (std::vector<float>{3, 4, 5}));
    out.resize(8);
    read_rows(tensor_of(bytes, {8}, 2), 0, 1, out.data());  // a bias
    EXPECT_EQ(out, (std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7}));
}

// Two heads of six rows, of which four are interleaved.
TEST(ReadRows, UndoesInterleavingOfAPart) {
    const std::string bytes = raw(std::vector<float>{0, 2, 1, 3, 4, 5, 6, 8, 7, 9, 10, 11});
    auto tensor = tensor_of(bytes, {12, 1}, 2);
    tensor.interleaved_rows = 4;
    std::vector<float> out(12);
    read_rows(tensor, 0, 12, out.data());
    EXPECT_EQ(out, (std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
    tensor.interleaved_rows = 8;
    expect_error(ErrorCode::invalid_input, {"12 rows are not 2 heads"},
                 [&] { read_rows(tensor, 0, 12, out.data()); });
}

TEST(ReadRows, RefusesWhatTheTensorDoesNotHave) {
    const std::string bytes = raw(std::vector<float>{0, 1, 2, 3});
    std::vector<float> out(16);
    expect_error(ErrorCode::internal, {"rows 1 to 3 of 2"}, [&] {
        read_rows(tensor_of(bytes, {2, 2}, 0), 1, 3, &out[0]);
    });
    expect_error(ErrorCode::internal, {"16 bytes"}, [&] {
        read_rows(tensor_of(bytes, {3, 2}, 0), 0, 1, &out[0]);
    });
    expect_error(ErrorCode::invalid_input, {"4 rows are not 4 heads"}, [&] {
        read_rows(tensor_of(bytes, {4, 1}, 4), 0, 4, &out[0]);
    });
}

}  // namespace
}  // namespace ovenbird
