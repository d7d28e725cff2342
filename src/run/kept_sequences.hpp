#pragma once
// Keys and values of several conversations: what an engine computed before is put back instead of computed
// again.

#include <cstdint>
#include <list>
#include <span>

#include "run/engine.hpp"

namespace ovenbird {

/// Copies of what an engine kept, on the host, the ones used last; bounded by bytes.
class KeptSequences {
public:
    explicit KeptSequences(uint64_t most_bytes) : most_bytes_(most_bytes) {}

    /// To be called before a sequence is computed: the engine then holds as much of its beginning as was ever
    /// kept. What it held, and would lose by that, is copied first. Errors: device.
    void prepare(Engine& engine, std::span<const int64_t> ids);

    uint64_t bytes() const { return bytes_; }
    size_t count() const { return copies_.size(); }

private:
    void copy(Engine& engine);
    void add(KeptCopy copy);
    std::list<KeptCopy>::iterator closest(std::span<const int64_t> ids, int64_t better_than);

    uint64_t most_bytes_;
    uint64_t bytes_ = 0;
    std::list<KeptCopy> copies_;  // the last one used first
};

}  // namespace ovenbird
