#pragma once
// How large the graphs of each form will be, measured before a weight is read.

#include "bake/plan.hpp"

namespace ovenbird {

/// Lists each form's graphs and blobs with their bytes. A decoder of the model's first layers, its weights
/// zeros, is given each form, and what more layers take is reckoned from two such decoders: a model of four
/// layers or fewer is exact but for the digits of its offsets. Errors: unsupported, as of the bake itself.
void measure_graphs(BakePlan& plan, const BakeOptions& options);

/// The same where every graph is taken to need `graph_bytes`.
void assume_graphs(BakePlan& plan, uint64_t graph_bytes);

}  // namespace ovenbird
