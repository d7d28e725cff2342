#pragma once
// Stage 2: the dynamic model read back, made static, written over the same weights file and verified from
// disk.

#include <filesystem>

#include "bake/options.hpp"
#include "base/report.hpp"
#include "model/manifest.hpp"

namespace ovenbird {

/// Reads `dynamic` back with a plain ov::Core, freezes it and writes it into `folder`, whose weights file is
/// a link to the first stage's. Errors: unsupported, io, no_space.
void write_static_model(const BakeOptions& options, const std::filesystem::path& dynamic,
                        const std::filesystem::path& folder);

/// Looks at what was written, as re-read from disk: static, of the known input types, at least
/// `int4_constants` weights still INT4. Notes shapes and counts in the manifest. Errors: verification, naming
/// each node.
void verify_static_model(const BakeOptions& options, const std::filesystem::path& folder,
                         size_t int4_constants, Manifest& manifest);

/// Compares the two models' logits unless the options say not to. Errors: verification.
void verify_forward(const BakeOptions& options, const std::filesystem::path& dynamic,
                    const std::filesystem::path& folder, Manifest& manifest, Reporter& reporter);

}  // namespace ovenbird
