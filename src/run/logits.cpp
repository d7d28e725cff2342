#include "run/logits.hpp"

#include "base/error.hpp"

namespace ovenbird {
namespace {

template <typename T>
void copy_values(const Tensor& tensor, size_t begin, std::span<float> out) {
    const T* from = tensor.data<T>() + begin;
    for (size_t i = 0; i < out.size(); ++i)
        out[i] = static_cast<float>(from[i]);
}

}  // namespace

void read_logits(const Tensor& tensor, size_t row, std::span<float> out) {
    const size_t begin = row * tensor.shape().at(2);
    const auto type = tensor.type();
    if (type == ElementType::f32) return copy_values<float>(tensor, begin, out);
    if (type == ElementType::f16) return copy_values<Half>(tensor, begin, out);
    if (type == ElementType::bf16) return copy_values<BrainHalf>(tensor, begin, out);
    fail(ErrorCode::unsupported, "output 'logits' is {}, expected f32, f16 or bf16", name_of(type));
}

void read_last_logits(const Tensor& tensor, size_t given, int64_t rows, std::vector<float>& out) {
    const auto wanted = static_cast<size_t>(rows);
    if (given < wanted) fail(ErrorCode::internal, "the graph gave logits for {} rows of {}", given, wanted);
    out.resize(wanted * tensor.shape().at(2));
    read_logits(tensor, given - wanted, out);
}

}  // namespace ovenbird
