#pragma once
// Compiling a baked model for NPUs ahead of time, so that `run` need not.

#include <filesystem>

#include "bake/options.hpp"
#include "bake/plan_forms.hpp"
#include "base/report.hpp"
#include "model/manifest.hpp"

namespace ovenbird {

/// Refuses early: an unknown platform (usage), or no compiler to be found (not_found).
void check_npu_platforms(const BakeOptions& options);

/// Leaves npu/PLATFORM.blob in `folder` for each platform asked for and notes it, or why there is none, in
/// the manifest. A compiler that refuses, crashes or hangs costs its blob and nothing else.
void compile_blobs(const FormsPlan& plan, const BakeOptions& options, const std::filesystem::path& folder,
                   Manifest& manifest, Reporter& reporter);

}  // namespace ovenbird
