#pragma once
// Whether Intel's NPU compiler will take a model, said in a second and without the compiler. Each rule was
// learnt from it and is held against it by tests/npu.

#include <memory>
#include <openvino/core/model.hpp>
#include <string>

#include "check/report.hpp"

namespace ovenbird {

/// Errors: none of its own; the model may be any that OpenVINO reads.
CheckReport check_model(const std::shared_ptr<const ov::Model>& model);

/// "MatMul 'name'".
std::string describe_node(const ov::Node& node);

}  // namespace ovenbird
