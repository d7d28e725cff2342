#pragma once
// What is found out about a model and an NPU, whoever looked: the rules (check.hpp) or Intel's compiler.

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace ovenbird {

/// The NPU generations that the compiler knows, by its own numbers.
struct NpuPlatform {
    int number;
    const char* name;
};
const std::vector<NpuPlatform>& npu_platforms();

/// One thing to know about a model.
struct Finding {
    bool refused = false;        // else it compiles but costs more than it should
    std::vector<int> platforms;  // where
    std::string node;            // "MatMul 'model.layers.0…'", or an input
    std::string reason;
    std::string advice;
};

/// What the compiled model needs, estimated from its constants, in bytes.
struct NpuMemory {
    uint64_t weights = 0;  // in the compiled blob, each constant once for each kind of use
    uint64_t grown = 0;    // of them, more than the file holds because INT4 or INT8 becomes f16
};

struct CheckReport {
    std::vector<Finding> findings;
    NpuMemory memory;
    bool refused_on(int platform) const;
};

Json to_json(const CheckReport& report);

}  // namespace ovenbird
