#pragma once
// What goes into a graph and comes out of it: typed memory of a shape. Nothing of OpenVINO's is in it, so
// that whoever runs graphs needs neither its headers nor its C++ binary interface.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "base/half.hpp"

namespace ovenbird {

/// The types that tensors of graphs have. Others (packed weights, strings) are `other`: they are not given
/// from outside.
enum class ElementType : uint8_t {
    other,
    boolean,
    f16,
    bf16,
    f32,
    f64,
    i4,
    i8,
    i16,
    i32,
    i64,
    u4,
    u8,
    u16,
    u32,
    u64
};

/// "f32".
const char* name_of(ElementType type);
/// Bits of a value; 0 for `other`.
size_t bits_of(ElementType type);

template <typename T>
inline constexpr ElementType kElementType = ElementType::other;
template <>
inline constexpr ElementType kElementType<Half> = ElementType::f16;
template <>
inline constexpr ElementType kElementType<BrainHalf> = ElementType::bf16;
template <>
inline constexpr ElementType kElementType<float> = ElementType::f32;
template <>
inline constexpr ElementType kElementType<int32_t> = ElementType::i32;
template <>
inline constexpr ElementType kElementType<int64_t> = ElementType::i64;
template <>
inline constexpr ElementType kElementType<uint8_t> = ElementType::u8;

using Shape = std::vector<size_t>;

/// Values in a tensor of this shape; 1 for no axis.
size_t count_of(const Shape& shape);
/// "[1,128]".
std::string text_of(const Shape& shape);

/// How long an axis may be: `least` to `most`; no bound above: -1.
struct Dimension {
    int64_t least = 0;
    int64_t most = -1;

    Dimension() = default;
    // One length; -1: any. Implicit, so that a shape can be written as its lengths.
    Dimension(int64_t length) : least(length < 0 ? 0 : length), most(length) {}
    Dimension(int64_t at_least, int64_t at_most) : least(at_least), most(at_most) {}

    bool is_static() const { return least == most; }
    bool operator==(const Dimension&) const = default;
};

/// A shape some axes of which are not settled; without a rank it fits every shape.
class PartialShape {
public:
    PartialShape() = default;
    PartialShape(std::initializer_list<Dimension> axes) : axes_(axes) {}
    explicit PartialShape(std::vector<Dimension> axes) : axes_(std::move(axes)) {}
    static PartialShape of_any_rank();

    bool has_rank() const { return has_rank_; }
    size_t size() const { return axes_.size(); }
    const Dimension& operator[](size_t axis) const { return axes_.at(axis); }
    Dimension& operator[](size_t axis) { return axes_.at(axis); }
    bool is_static() const;
    bool fits(const Shape& shape) const;
    /// Errors: internal, where it is not static.
    Shape to_shape() const;
    /// "[1,?,64..128]".
    std::string text() const;
    bool operator==(const PartialShape&) const = default;

private:
    std::vector<Dimension> axes_;
    bool has_rank_ = true;
};

/// Memory of a type and a shape, the last axis densest. Copies share the memory.
class Tensor {
public:
    Tensor() = default;
    /// Memory of its own, not cleared. Errors: internal, for a type without a size.
    Tensor(ElementType type, Shape shape);
    /// A view of `memory`, which must outlive every copy, or which `owner` keeps.
    Tensor(ElementType type, Shape shape, void* memory, std::shared_ptr<void> owner = {});

    explicit operator bool() const { return memory_ != nullptr; }
    ElementType type() const { return type_; }
    const Shape& shape() const { return shape_; }
    /// Values in it.
    size_t size() const { return count_; }
    size_t bytes() const { return (count_ * bits_of(type_) + 7) / 8; }
    void* data() const { return memory_; }
    /// Errors: internal, when it holds another type.
    template <typename T>
    T* data() const {
        if (type_ != kElementType<std::remove_cv_t<T>>) refuse_type(kElementType<std::remove_cv_t<T>>);
        return static_cast<T*>(memory_);
    }
    std::span<const std::byte> content() const { return {static_cast<const std::byte*>(memory_), bytes()}; }
    /// Errors: internal, when `target` is of another type or size.
    void copy_to(const Tensor& target) const;

private:
    [[noreturn]] void refuse_type(ElementType wanted) const;

    ElementType type_ = ElementType::other;
    Shape shape_;
    size_t count_ = 0;
    void* memory_ = nullptr;
    std::shared_ptr<void> owner_;
};

}  // namespace ovenbird
