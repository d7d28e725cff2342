#pragma once
// A form is a list of passes over the one decoder: what each graph of a baked folder is made by.

#include <cstdint>
#include <memory>
#include <openvino/core/model.hpp>

#include "model/step.hpp"

namespace ovenbird {

/// All leave `decoder` (as build_decoder() gives it) as it is. Errors: unsupported, naming what cannot
/// be had.

/// The window [1, seq_len], no cache: logits of the last real row, or of all.
std::shared_ptr<ov::Model> shape_window(const std::shared_ptr<const ov::Model>& decoder, int64_t seq_len,
                                        bool all_logits);

/// An embedder's graph (as build_embedder() gives it) for texts of at most `tokens`. `positions`: rows of the
/// rotary tables, the same for all its graphs, which then share them.
std::shared_ptr<ov::Model> shape_vectors(const std::shared_ptr<const ov::Model>& embedder, int64_t tokens,
                                         int64_t positions);

/// For devices that take dynamic shapes: the states stay, products are joined, and logits are given for the
/// last kDraftRows rows of a run.
std::shared_ptr<ov::Model> shape_dynamic(const std::shared_ptr<const ov::Model>& decoder);

/// A static step with its cache as inputs. `positions`: rows of the rotary tables; 0: angles are computed, as
/// a host in f32 may. `all_rows`: logits of every new token, else of the last real one.
std::shared_ptr<ov::Model> shape_step(const std::shared_ptr<const ov::Model>& decoder, const Step& step,
                                      int64_t positions, bool all_rows);

}  // namespace ovenbird
