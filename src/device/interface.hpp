#pragma once
// What OpenVINO's C interface has no words for. Where its C++ classes can be linked they answer
// (with_classes.cpp), elsewhere the C interface does what it can (without_classes.cpp).

#include <filesystem>
#include <memory>
#include <string>

#include "device/device.hpp"

namespace ovenbird {

/// A stateful graph whose states are shown (shows_states()) where the system can. Errors: as
/// GraphFile::compile().
std::unique_ptr<CompiledGraph> compile_with_states(const std::string& device,
                                                   const std::filesystem::path& model_xml,
                                                   const std::filesystem::path& weights_bin,
                                                   const DeviceOptions& options);

/// A blob, mapped where the system can. Errors: what OpenVINO throws.
std::shared_ptr<LoadedGraph> import_blob(const std::filesystem::path& blob, const std::string& device);

/// Whether the runtime itself says that it can load a blob; yes where it is not known.
bool runtime_agrees(const BlobFile& blob, const std::string& device);

/// Input of the chunk graph: the first row whose logits are wanted, counted from the end (-1: the last).
inline constexpr const char* kFirstRow = "first_row";

/// A stateful graph over pages instead of states, compiled twice: for prompts, and for a run of one token.
struct PagedRuns {
    std::unique_ptr<CompiledGraph> chunk;
    std::unique_ptr<CompiledGraph> token;
};
/// `pages`: how many a sequence may take. Errors: unsupported when OpenVINO cannot page its attention, or not
/// on this system; as GraphFile::compile().
PagedRuns compile_paged(const std::string& device, const std::filesystem::path& model_xml,
                        const std::filesystem::path& weights_bin, int64_t pages,
                        const DeviceOptions& options);

}  // namespace ovenbird
