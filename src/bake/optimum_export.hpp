#pragma once
// Stage 1 by somebody else: the real optimum-intel and NNCF, in a Python that the user has.

#include <filesystem>

#include "base/json.hpp"
#include "base/report.hpp"
#include "ovenbird/bake.hpp"

namespace ovenbird {

/// The export's folder inside intermediate_dynamic/.
inline constexpr const char* kExportName = "optimum-intel";

/// Exports options.source, a Hugging Face folder, into `folder`, compressed as the options say. No code of
/// the model's folder is run (no --trust-remote-code). Returns versions and arguments, for the manifest.
/// Errors: not_found (no such Python), usage (no folder), unsupported (packages are missing: the line that
/// installs them; optimum-intel's own refusal), io (it ended otherwise: how), interrupted.
Json export_with_optimum(const BakeOptions& options, const std::filesystem::path& folder, Reporter& reporter);

/// The options of the bake that goes on from the export: its weights are kept as they are.
BakeOptions options_for_export(const BakeOptions& options, const std::filesystem::path& folder);

}  // namespace ovenbird
