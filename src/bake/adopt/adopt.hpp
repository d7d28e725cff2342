#pragma once
// A decoder that others exported, brought to the contract of build_decoder(): one pass a file.

#include <filesystem>
#include <memory>
#include <openvino/core/model.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/report.hpp"

namespace ovenbird {

/// What became of an exported decoder.
struct Adopted {
    bool has_cache = false;
    std::string why_not;  // where it has none: the reason, for people
};

/// Changes `model` so that its ports are those of build_decoder()'s decoder and, where its attention is
/// found, its cache as well: states past_key_values.N.*, whatever it had before (states, inputs, nothing).
/// `windows`: its layers' sliding windows, as rt_info tells them ("0 4096 …"); empty: no layer slides.
/// Errors: unsupported, naming the input or output that is not known.
Adopted adopt(const std::shared_ptr<ov::Model>& model, const std::string& windows);

/// Names the logits; makes them f32 and all token inputs i64. Errors: as adopt().
void name_ports(const std::shared_ptr<ov::Model>& model);

/// The cache of adopt(). Returns why there is none; empty when there is one.
std::string give_cache(const std::shared_ptr<ov::Model>& model);

/// Copies the model's large constants into the new file `bin`, those of products of one input behind each
/// other, and lets the model view them there. Returns the mapping. Errors: io, no_space, interrupted.
std::shared_ptr<void> lay_out(const std::shared_ptr<ov::Model>& model, const std::filesystem::path& bin,
                              std::span<const std::byte>& mapped, Reporter& reporter);

}  // namespace ovenbird
