#pragma once
// The form of one matrix, and what is special about the head's: it may be INT4 where a table tied to it is
// not.

#include <map>
#include <string>

#include "bake/plan.hpp"

namespace ovenbird {

PlannedTensor plan_tensor(const SourceTensor& source, const RequiredTensor& required, Store store);

/// The form of a matrix as the options ask, or as its shape allows: then its note in `group_notes` counts
/// one more.
PlannedTensor plan_matrix(const SourceTensor& source, const RequiredTensor& required,
                          const BakeOptions& options, std::map<std::string, int>& group_notes);

/// Where an INT4 head is asked for, and its rows take INT4, one that is tied to the embeddings becomes a
/// matrix of its own: config.tied_embeddings is false, and the table stands in for kHeadName. To be called
/// behind settle_head(). Returns whether that was so.
bool give_head_its_own(BakePlan& plan, const Checkpoint& checkpoint, const BakeOptions& options);

/// Notes what an INT4 head costs and saves, in bytes. `was_tied`: what give_head_its_own() returned.
void note_head(BakePlan& plan, bool was_tied);

}  // namespace ovenbird
