#pragma once
// Splitting independent work over all cores.

#include <climits>
#include <cstddef>
#include <functional>

namespace ovenbird {

/// Number of worker threads used by parallel_for (the machine's cores, at least 1).
unsigned worker_count();

/// Calls body(i) once for every i in [0, count), on all cores; returns when all are done. The first exception
/// stops the rest and is rethrown here. `tick`, when given, is called with the number of finished items from
/// the calling thread only, at least every 100 ms, and may throw to cancel. `most_workers`: of the cores,
/// where items need more than a core.
void parallel_for(size_t count, const std::function<void(size_t)>& body,
                  const std::function<void(size_t)>& tick = nullptr, unsigned most_workers = UINT_MAX);

}  // namespace ovenbird
