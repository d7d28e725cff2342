#include "device/tensor.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "base/error.hpp"

namespace ovenbird {
namespace {

struct TypeFacts {
    const char* name;
    size_t bits;
};

// In the order of ElementType.
constexpr std::array<TypeFacts, 16> kTypes{{{"a type of its own", 0},
                                            {"boolean", 8},
                                            {"f16", 16},
                                            {"bf16", 16},
                                            {"f32", 32},
                                            {"f64", 64},
                                            {"i4", 4},
                                            {"i8", 8},
                                            {"i16", 16},
                                            {"i32", 32},
                                            {"i64", 64},
                                            {"u4", 4},
                                            {"u8", 8},
                                            {"u16", 16},
                                            {"u32", 32},
                                            {"u64", 64}}};

// A cache line: what devices read without a copy begins at one.
constexpr std::align_val_t kAlignment{64};

}  // namespace

const char* name_of(ElementType type) {
    return kTypes.at(static_cast<size_t>(type)).name;
}

size_t bits_of(ElementType type) {
    return kTypes.at(static_cast<size_t>(type)).bits;
}

size_t count_of(const Shape& shape) {
    size_t count = 1;
    for (const size_t length : shape)
        if (__builtin_mul_overflow(count, length, &count))
            fail(ErrorCode::internal, "a shape of too many values: {}", text_of(shape));
    return count;
}

std::string text_of(const Shape& shape) {
    return fmt::format("[{}]", fmt::join(shape, ","));
}

PartialShape PartialShape::of_any_rank() {
    PartialShape shape;
    shape.has_rank_ = false;
    return shape;
}

bool PartialShape::is_static() const {
    return has_rank_ &&
           std::all_of(axes_.begin(), axes_.end(), [](const auto& axis) { return axis.is_static(); });
}

bool PartialShape::fits(const Shape& shape) const {
    if (!has_rank_) return true;
    if (shape.size() != axes_.size()) return false;
    for (size_t axis = 0; axis < shape.size(); ++axis) {
        const auto length = static_cast<int64_t>(shape[axis]);
        if (length < axes_[axis].least || (axes_[axis].most >= 0 && length > axes_[axis].most)) return false;
    }
    return true;
}

Shape PartialShape::to_shape() const {
    if (!is_static()) fail(ErrorCode::internal, "{} is no settled shape", text());
    Shape shape;
    for (const auto& axis : axes_)
        shape.push_back(static_cast<size_t>(axis.least));
    return shape;
}

std::string PartialShape::text() const {
    if (!has_rank_) return "[...]";
    std::vector<std::string> words;
    for (const auto& axis : axes_) {
        if (axis.is_static()) {
            words.push_back(std::to_string(axis.least));
        } else if (axis.most < 0) {
            words.push_back(axis.least == 0 ? "?" : fmt::format("{}..", axis.least));
        } else {
            words.push_back(fmt::format("{}..{}", axis.least, axis.most));
        }
    }
    return fmt::format("[{}]", fmt::join(words, ","));
}

Tensor::Tensor(ElementType type, Shape shape)
    : type_(type), shape_(std::move(shape)), count_(count_of(shape_)) {
    if (bits_of(type) == 0) fail(ErrorCode::internal, "there are no tensors of {}", name_of(type));
    // Also for no values at all: an address of its own.
    memory_ = ::operator new(std::max<size_t>(bytes(), 1), kAlignment);
    owner_ = std::shared_ptr<void>(memory_, [](void* memory) { ::operator delete(memory, kAlignment); });
}

Tensor::Tensor(ElementType type, Shape shape, void* memory, std::shared_ptr<void> owner)
    : type_(type),
      shape_(std::move(shape)),
      count_(count_of(shape_)),
      memory_(memory),
      owner_(std::move(owner)) {}

void Tensor::copy_to(const Tensor& target) const {
    if (target.type_ != type_ || target.bytes() != bytes())
        fail(ErrorCode::internal, "{} {} cannot be copied to {} {}", name_of(type_), text_of(shape_),
             name_of(target.type_), text_of(target.shape_));
    if (bytes() > 0) std::memcpy(target.memory_, memory_, bytes());
}

void Tensor::refuse_type(ElementType wanted) const {
    fail(ErrorCode::internal, "a tensor of {} was read as {}", name_of(type_), name_of(wanted));
}

}  // namespace ovenbird
