#include "run/test_allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<size_t> calls{0};

void* counted(size_t bytes) {
    ++calls;
    if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
    throw std::bad_alloc();
}

}  // namespace

void* operator new(size_t bytes) {
    return counted(bytes);
}
void* operator new[](size_t bytes) {
    return counted(bytes);
}
// std::stable_sort asks for memory in this way, and gives it back by the usual delete.
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
    ++calls;
    return std::malloc(bytes == 0 ? 1 : bytes);
}
void* operator new[](size_t bytes, const std::nothrow_t& nothrow) noexcept {
    return operator new(bytes, nothrow);
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete[](void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, size_t) noexcept {
    std::free(memory);
}

void operator delete(void* memory, const std::nothrow_t&) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
    std::free(memory);
}

namespace ovenbird {

size_t allocation_count() {
    return calls;
}

}  // namespace ovenbird
