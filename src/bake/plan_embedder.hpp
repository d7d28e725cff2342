#pragma once
// Every decision of an embedder's bake.

#include <vector>

#include "bake/plan.hpp"

namespace ovenbird {

/// 64, 256, 512 and on in powers of two, up to `most`, which is the last.
std::vector<int64_t> embedding_buckets(int64_t most);

/// As make_plan(), of a checkpoint whose embedder() is there. Errors: as there; usage for options that an
/// embedder has no use for.
BakePlan make_embedder_plan(const Checkpoint& checkpoint, const BakeOptions& options);

/// What the manifest says of it.
EmbeddingFacts embedding_facts(const BakePlan& plan);

}  // namespace ovenbird
