#include "bake/source/compressed.hpp"

#include <algorithm>
#include <array>

#include "bake/source/packed_methods.hpp"
#include "bake/source/printable.hpp"

namespace ovenbird {
namespace {

struct Method {
    std::string_view name;  // quant_method
    bool (*are_codes)(const StoredPart& part);
    UnpackedMatrix (*unpack)(const ModuleParts& module, const JsonObject& settings);
};

bool are_float_codes(const StoredPart& part) {
    return part.name.ends_with(".weight") && part.type.starts_with("F8_E");
}

bool are_words(const StoredPart& part) {
    return part.name.ends_with(".qweight");
}

bool are_any_codes(const StoredPart& part) {
    return part.name.ends_with(".weight_packed") || are_float_codes(part) ||
           (part.name.ends_with(".weight") && part.type == "I8");
}

constexpr std::array<Method, 6> kMethods{{{"fp8", are_float_codes, unpack_fp8},
                                          {"fbgemm_fp8", are_float_codes, unpack_fp8},
                                          {"compressed-tensors", are_any_codes, unpack_compressed_tensors},
                                          {"compressed_tensors", are_any_codes, unpack_compressed_tensors},
                                          {"awq", are_words, unpack_awq},
                                          {"gptq", are_words, unpack_gptq}}};

// What is beside codes: of weights, read with them, and of activations, which a bake does not quantise.
constexpr std::array<std::string_view, 21> kCompanions{".qweight",
                                                       ".qzeros",
                                                       ".scales",
                                                       ".g_idx",
                                                       ".weight_packed",
                                                       ".weight_scale",
                                                       ".weight_scale_inv",
                                                       ".weight_shape",
                                                       ".weight_zero_point",
                                                       ".weight_g_idx",
                                                       ".weight_global_scale",
                                                       ".input_scale",
                                                       ".input_zero_point",
                                                       ".input_global_scale",
                                                       ".input_scale_ub",
                                                       ".activation_scale",
                                                       ".output_scale",
                                                       ".output_zero_point",
                                                       ".q_scale",
                                                       ".k_scale",
                                                       ".v_scale"};

std::string module_of(const std::string& name) {
    return name.substr(0, name.rfind('.'));
}

SourceTensor matrix_of(const std::string& name, const UnpackedMatrix& matrix) {
    SourceTensor tensor;
    tensor.name = name;
    tensor.shape = {matrix.rows, matrix.columns};
    tensor.bytes = matrix.codes->bytes;
    tensor.file = matrix.codes->file;
    tensor.packed = matrix.values;
    return tensor;
}

}  // namespace

void unpack_compressed(const Json& config, const std::string& origin, const StoredParts& parts,
                       std::map<std::string, SourceTensor, std::less<>>& tensors,
                       std::map<std::string, std::string, std::less<>>& unusable) {
    const JsonObject top(config, origin);
    const char* key = top.has("quantization_config") ? "quantization_config" : "compression_config";
    const auto settings = top.object(key);
    if (!settings) return;
    const std::string name = settings->text_or("quant_method", "");
    const auto* method = std::find_if(kMethods.begin(), kMethods.end(),
                                      [&](const Method& known) { return known.name == name; });
    if (method == kMethods.end()) return;
    bool any = false;
    for (const auto& [part_name, part] : parts) {
        if (!method->are_codes(part)) continue;
        const std::string weight = module_of(part_name) + ".weight";
        if (part_name != weight && parts.contains(weight)) {
            fail(ErrorCode::invalid_input,
                 "{}: the module {} has both {} and a weight; is this one model? Download the files again",
                 origin, printable(module_of(part_name)), printable(part_name));
        }
        const ModuleParts module(parts, module_of(part_name), method->name);
        tensors.insert_or_assign(weight, matrix_of(weight, method->unpack(module, *settings)));
        unusable.erase(weight);
        any = true;
    }
    if (!any) return;
    for (const auto& [key_of_part, part] : parts) {
        const std::string& part_name = key_of_part;  // clang 14's lambdas take no structured bindings
        const bool companion = std::any_of(kCompanions.begin(), kCompanions.end(),
                                           [&](std::string_view end) { return part_name.ends_with(end); });
        if (!companion) continue;
        // A scale without codes beside it stays, and the plan refuses it.
        const bool of_module = tensors.contains(module_of(part_name) + ".weight") &&
                               tensors.find(module_of(part_name) + ".weight")->second.packed != nullptr;
        const bool of_cache = part_name.ends_with("k_scale") || part_name.ends_with("v_scale") ||
                              part_name.ends_with("q_scale") || part_name.ends_with("output_scale");
        if (!of_module && !of_cache) continue;
        tensors.erase(part_name);
        unusable.erase(part_name);
    }
}

}  // namespace ovenbird
