#pragma once
// Whether Intel's NPU compiler will take a model, said in a second and without the compiler. Each rule was
// learnt from it and is held against it by tests/npu.

#include <cstdint>
#include <memory>
#include <openvino/core/model.hpp>
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

/// Errors: none of its own; the model may be any that OpenVINO reads.
CheckReport check_model(const std::shared_ptr<const ov::Model>& model);

Json to_json(const CheckReport& report);

/// "MatMul 'name'".
std::string describe_node(const ov::Node& node);

}  // namespace ovenbird
