#pragma once
// Keys and values on the host, as the static graphs take them.

#include <functional>
#include <string>
#include <vector>
#include "device/tensor.hpp"

namespace ovenbird {

/// One tensor f16 [1, heads, past, head size] for the keys and one for the values of every layer. Memory for
/// the largest past is taken once; a graph with a smaller one sees the same memory with its rows closer
/// together. Whole states have one size (f32), and what a run gives takes the place of what was.
class HostCache {
public:
    using Allocate = std::function<Tensor(ElementType, const Shape&)>;

    /// Errors: those of `allocate`.
    HostCache(int64_t largest_past, Allocate allocate)
        : largest_past_(largest_past), allocate_(std::move(allocate)) {}

    /// Adds one: `name` ("0.key").
    void add(const std::string& name, int64_t heads, int64_t head_size);

    /// Adds a whole state, zeros at first: `name` ("3.conv").
    void add_whole(const std::string& name, const Shape& shape);

    size_t size() const { return parts_.size(); }
    const std::string& name(size_t part) const { return parts_[part].name; }

    /// Index of `name`; size() when there is none.
    size_t find(const std::string& name) const;

    /// The whole states, one after the other. Errors of the second: internal, when they are not as large.
    bool has_whole() const;
    std::vector<std::vector<std::byte>> whole_values() const;
    void set_whole_values(const std::vector<std::vector<std::byte>>& values);
    void clear_whole();

    /// Memory for what a run of `tokens` tokens gives of a part.
    Tensor make_fresh(size_t index, int64_t tokens) const;

    /// Moves the first `kept` rows of part `index`'s heads to where a graph with `past` rows expects them.
    void set_past(size_t index, int64_t past, int64_t kept);

    /// View of a part as a graph with `past` rows takes it.
    Tensor view(size_t part, int64_t past) const;

    /// Copies the first `tokens` rows of each head of `fresh` ([1, heads, any, size]) behind `at` others;
    /// moves the heads apart where that does not fit between them.
    void place(size_t part, const Tensor& fresh, int64_t at, int64_t tokens);

    /// The first `tokens` rows of each head of a part, one head after the other.
    std::vector<std::byte> rows(size_t part, int64_t tokens) const;
    /// Puts such rows back. Errors: internal, when they are not as many.
    void set_rows(size_t part, const std::vector<std::byte>& rows, int64_t tokens);

    uint64_t bytes() const;

private:
    struct Part {
        std::string name;
        bool whole;
        size_t heads;
        size_t head_size;
        int64_t past;  // rows between the beginnings of two heads
        Tensor memory;
    };
    int64_t largest_past_;
    Allocate allocate_;
    std::vector<Part> parts_;
};

}  // namespace ovenbird
