#pragma once
// Counts what a test allocates: for code that must not allocate at all.

#include <cstddef>

namespace ovenbird {

/// Calls of operator new so far, in all threads.
size_t allocation_count();

}  // namespace ovenbird
