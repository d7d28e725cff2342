#pragma once
// An embedder's static graphs, run on the CPU beside the dynamic one that they are made of.

#include <filesystem>

#include "bake/options.hpp"
#include "bake/plan_forms.hpp"
#include "base/report.hpp"
#include "model/manifest.hpp"

namespace ovenbird {

/// Compares as options.forward_check says (all: every graph, one: the smallest), notes the figures, and a
/// first vector to hold a device against. Errors: verification, naming the graph; device.
void prove_vectors(const FormsPlan& plan, const BakeOptions& options,
                   const std::filesystem::path& embedder_xml, const std::filesystem::path& folder,
                   Manifest& manifest, Reporter& reporter);

}  // namespace ovenbird
