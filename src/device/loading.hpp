#pragma once
// What compiling a file and compiling a graph in memory have in common: blobs first, and the cache of
// compiled graphs. Inside this room only.

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "device/device.hpp"

namespace ovenbird {

using CompileWith = std::function<std::shared_ptr<LoadedGraph>(const std::map<std::string, std::string>&)>;

/// Errors: not_found, invalid_input (not an IR).
void require_ir(const std::filesystem::path& model_xml);

/// The blob for this machine's NPU where there is one that fits, else what `compile` gives.
std::shared_ptr<LoadedGraph> load_or_compile(const std::string& device, const DeviceOptions& options,
                                             const CompileWith& compile);

}  // namespace ovenbird
