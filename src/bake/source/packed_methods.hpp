#pragma once
// Each method of compression that is read: how one module's tensors become a matrix.

#include <memory>
#include <vector>

#include "bake/source/packed_parts.hpp"
#include "bake/source/packed_weight.hpp"
#include "base/json.hpp"

namespace ovenbird {

struct UnpackedMatrix {
    std::shared_ptr<const PackedWeight> values;
    int64_t rows = 0;
    int64_t columns = 0;
    const StoredPart* codes = nullptr;
};

// `settings` is the quantization_config. Errors: invalid_input (a companion that is missing or contradicts
// the others), unsupported (a variant that is not read; names method and tensor).

/// F8_E4M3 or F8_E5M2 beside weight_scale_inv or weight_scale, of all, a row or a block. Source:
/// DeepSeek-V3's weight_dequant, transformers' finegrained_fp8 and fbgemm_fp8.
UnpackedMatrix unpack_fp8(const ModuleParts& module, const JsonObject& settings);

/// pack-quantized, int-quantized, float-quantized, naive-quantized, nvfp4- and mxfp4-pack-quantized,
/// mxfp8-quantized.
/// Source: the package compressed-tensors.
UnpackedMatrix unpack_compressed_tensors(const ModuleParts& module, const JsonObject& settings);

/// Version gemm. Source: AutoAWQ's WQLinear_GEMM.
UnpackedMatrix unpack_awq(const ModuleParts& module, const JsonObject& settings);

/// Both conventions of zero points ("gptq", "gptq_v2"), g_idx in any order. Source: AutoGPTQ, GPTQModel.
UnpackedMatrix unpack_gptq(const ModuleParts& module, const JsonObject& settings);

}  // namespace ovenbird
