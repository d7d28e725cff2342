#pragma once
// The rules behind check_model(), one file each: a rule looks at the whole model and adds what it finds.

#include "check/check.hpp"

namespace ovenbird {

/// Every platform's number.
std::vector<int> all_platforms();

/// Dimensions that are no number, each traced to the input or operation that it comes from.
void check_static(const ov::Model& model, std::vector<Finding>& findings);

/// States: a cache inside the graph.
void check_states(const ov::Model& model, std::vector<Finding>& findings);

/// Two or three heads separated by a Transpose, which 3720's compiler cannot place.
void check_head_transposes(const ov::Model& model, std::vector<Finding>& findings);

/// INT4 rows that do not fill whole groups of 16 bytes, which 5010's and 6010's compilers cannot tile.
void check_row_bytes(const ov::Model& model, std::vector<Finding>& findings);

/// A sum of each row times a vector, which 5020's compiler makes a convolution of one channel.
void check_rank_one_terms(const ov::Model& model, std::vector<Finding>& findings);

/// Constants beyond f16.
void check_f16_range(const ov::Model& model, std::vector<Finding>& findings);

/// Compressed weights that become f16 in the blob; fills in `memory`.
void check_weights(const ov::Model& model, std::vector<Finding>& findings, NpuMemory& memory);

}  // namespace ovenbird
