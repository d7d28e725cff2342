#include "run/host_cache.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr size_t kValueBytes = 2;  // f16

void clear(Tensor& memory) {
    std::memset(memory.data(), 0, memory.bytes());
}

std::vector<std::byte> bytes_of(const Tensor& memory) {
    const auto* first = static_cast<const std::byte*>(memory.data());
    return {first, first + memory.bytes()};
}

void fill(Tensor& memory, const std::vector<std::byte>& values) {
    if (values.size() != memory.bytes())
        fail(ErrorCode::internal, "{} bytes are no state of {}", values.size(), memory.bytes());
    std::memcpy(memory.data(), values.data(), values.size());
}

}  // namespace

void HostCache::add(const std::string& name, int64_t heads, int64_t head_size) {
    Part part{name, false, static_cast<size_t>(heads), static_cast<size_t>(head_size), largest_past_, {}};
    part.memory =
        allocate_(ElementType::f16, {1, part.heads, static_cast<size_t>(largest_past_), part.head_size});
    parts_.push_back(std::move(part));
}

void HostCache::add_whole(const std::string& name, const Shape& shape) {
    parts_.push_back({name, true, 0, 0, 0, allocate_(ElementType::f32, shape)});
    clear(parts_.back().memory);
}

bool HostCache::has_whole() const {
    return std::any_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.whole; });
}

std::vector<std::vector<std::byte>> HostCache::whole_values() const {
    std::vector<std::vector<std::byte>> values;
    for (const Part& part : parts_)
        if (part.whole) values.push_back(bytes_of(part.memory));
    return values;
}

void HostCache::set_whole_values(const std::vector<std::vector<std::byte>>& values) {
    size_t next = 0;
    for (Part& part : parts_)
        if (part.whole) fill(part.memory, next < values.size() ? values[next++] : std::vector<std::byte>());
}

void HostCache::clear_whole() {
    for (Part& part : parts_)
        if (part.whole) clear(part.memory);
}

Tensor HostCache::make_fresh(size_t index, int64_t tokens) const {
    const Part& part = parts_[index];
    Shape shape = part.memory.shape();
    if (!part.whole) shape[2] = static_cast<size_t>(tokens);
    return {part.memory.type(), shape};
}

size_t HostCache::find(const std::string& name) const {
    const auto found =
        std::find_if(parts_.begin(), parts_.end(), [&](const Part& part) { return part.name == name; });
    return static_cast<size_t>(found - parts_.begin());
}

void HostCache::set_past(size_t index, int64_t past, int64_t kept) {
    Part& part = parts_[index];
    if (part.whole || past == part.past) return;
    auto* bytes = static_cast<std::byte*>(part.memory.data());
    const size_t row = part.head_size * kValueBytes;
    const auto move = [&](size_t head) {
        std::memmove(bytes + head * static_cast<size_t>(past) * row,
                     bytes + head * static_cast<size_t>(part.past) * row, static_cast<size_t>(kept) * row);
    };
    // Heads that move apart go from the last on, so that none is written over before it has moved.
    if (past > part.past) {
        for (size_t head = part.heads; head-- > 0;)
            move(head);
    } else {
        for (size_t head = 0; head < part.heads; ++head)
            move(head);
    }
    part.past = past;
}

Tensor HostCache::view(size_t part, int64_t past) const {
    const auto& memory = parts_[part].memory;
    if (parts_[part].whole) return memory;
    Shape shape = memory.shape();
    shape[2] = static_cast<size_t>(past);
    // A view of the allocation: the device knows its memory by the address.
    return {ElementType::f16, shape, const_cast<void*>(static_cast<const void*>(memory.data()))};
}

void HostCache::place(size_t part, const Tensor& fresh, int64_t at, int64_t tokens) {
    Part& to = parts_[part];
    if (to.whole) {
        fresh.copy_to(to.memory);
        return;
    }
    if (at + tokens > to.past) set_past(part, largest_past_, at);
    const size_t row = to.head_size * kValueBytes;
    const size_t fresh_rows = fresh.shape()[2];
    const auto* source = static_cast<const std::byte*>(fresh.data());
    auto* target = static_cast<std::byte*>(to.memory.data());
    for (size_t head = 0; head < to.heads; ++head) {
        std::memcpy(target + (head * static_cast<size_t>(to.past) + static_cast<size_t>(at)) * row,
                    source + head * fresh_rows * row, static_cast<size_t>(tokens) * row);
    }
}

std::vector<std::byte> HostCache::rows(size_t part, int64_t tokens) const {
    const Part& from = parts_[part];
    if (from.whole) return bytes_of(from.memory);
    const size_t row = from.head_size * kValueBytes;
    const size_t bytes = static_cast<size_t>(tokens) * row;
    std::vector<std::byte> rows(from.heads * bytes);
    const auto* source = static_cast<const std::byte*>(from.memory.data());
    for (size_t head = 0; head < from.heads; ++head)
        std::memcpy(rows.data() + head * bytes, source + head * static_cast<size_t>(from.past) * row, bytes);
    return rows;
}

void HostCache::set_rows(size_t part, const std::vector<std::byte>& rows, int64_t tokens) {
    Part& to = parts_[part];
    if (to.whole) return fill(to.memory, rows);
    const Shape shape{1, to.heads, static_cast<size_t>(tokens), to.head_size};
    if (rows.size() != count_of(shape) * kValueBytes || tokens > largest_past_)
        fail(ErrorCode::internal, "{} bytes are no keys or values of {} tokens", rows.size(), tokens);
    place(part, Tensor(ElementType::f16, shape, const_cast<std::byte*>(rows.data())), 0, tokens);
}

uint64_t HostCache::bytes() const {
    uint64_t bytes = 0;
    for (const auto& part : parts_)
        bytes += part.memory.bytes();
    return bytes;
}

}  // namespace ovenbird
