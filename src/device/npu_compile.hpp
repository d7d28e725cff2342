#pragma once
// Intel's NPU compiler as OpenVINO brings it along: for an NPU that need not be there.

#include <filesystem>
#include <string>

namespace ovenbird {

/// Compiles a graph, whose weights lie beside it, and writes the blob; `blob`'s name without its folder is
/// ASCII, and this process works in that folder from then on. What a runtime must have to load the blob, in
/// OpenVINO's words; empty where it does not say. The compiler may crash, hang or eat the memory, and writes
/// to standard output: for a process of its own. Errors: device, in the compiler's words.
std::string compile_for_npu(const std::filesystem::path& model_xml, int platform,
                            const std::filesystem::path& blob);

}  // namespace ovenbird
