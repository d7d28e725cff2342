#pragma once
// Compressed checkpoints: the tensors of each compressed module become one matrix that read_rows() reads.

#include <map>
#include <string>

#include "bake/source/checkpoint.hpp"
#include "bake/source/packed_parts.hpp"

namespace ovenbird {

/// Where the configuration has a quantization_config of a method that is read: puts MODULE.weight into
/// `tensors` for each compressed module, and takes what belongs to it out of `tensors` and `unusable`. Other
/// methods are left as they are: the plan refuses them by name. Errors: invalid_input (companions that are
/// missing or contradict each other), unsupported (a variant of a method; names method and first tensor).
void unpack_compressed(const Json& config, const std::string& origin, const StoredParts& parts,
                       std::map<std::string, SourceTensor, std::less<>>& tensors,
                       std::map<std::string, std::string, std::less<>>& unusable);

}  // namespace ovenbird
