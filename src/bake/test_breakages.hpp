#pragma once
// For tests: what a wrong pass could have left in a written graph.

#include <filesystem>
#include <functional>
#include <openvino/core/model.hpp>
#include <string>

namespace ovenbird {

/// Changes a model in place; returns how many places it changed.
using Breakage = std::function<size_t(ov::Model&)>;

/// Reads a graph over its weights file, breaks it and writes it again. A test failure when nothing changed.
void break_graph(const std::filesystem::path& xml, const std::filesystem::path& bin,
                 const Breakage& breakage);

/// Where the causal mask compares, keys seem to lie `by` places further: with 1 a token does not see itself,
/// with -1 it sees the next one.
Breakage causal_mask_off(int64_t by);

/// The same where a sliding window ends: with 1 it is one token too long, with -1 too short.
Breakage window_off(int64_t by);

/// The oldest token of all is seen by none.
Breakage oldest_not_seen();

/// The numbers of the cache's places are off.
Breakage places_off(int64_t by);

/// What paged attention is told of sliding windows is off.
Breakage told_windows_off(int64_t by);

/// Constants of `first` and `second` in their names take each other's place, each with its like.
Breakage swapped(const std::string& first, const std::string& second);

/// Cosines are those of the position `by` further; sines too, unless `cosines_only`.
Breakage angles_off(int64_t by, bool cosines_only);

}  // namespace ovenbird
