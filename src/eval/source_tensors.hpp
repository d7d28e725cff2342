#pragma once
// A checkpoint's tensors with the values that its files hold, as f32.

#include <map>
#include <memory>
#include <string>

#include "bake/decoder_source.hpp"

namespace ovenbird {

class SourceTensors {
public:
    /// `plan`: of a checkpoint, without rotation; its tensors are in `source`, which this keeps.
    SourceTensors(std::unique_ptr<DecoderSource> source, BakePlan plan);

    const ModelConfig& config() const { return plan_.config; }
    /// Reads the tensor of that name ([rows, columns]) into `out`, on all cores. Errors: interrupted.
    void read(const std::string& name, float* out) const;
    /// One row of the tensor. Thread-safe.
    void read_row(const std::string& name, int64_t row, float* out) const;
    /// What the graph of a layer needs beside the layer's own tensors: the rope factors, where they are a
    /// tensor.
    StoredTensors of_no_layer() const;

private:
    const PlannedTensor& planned(const std::string& name) const { return *by_name_.at(name); }

    std::unique_ptr<DecoderSource> source_;
    BakePlan plan_;
    std::map<std::string, const PlannedTensor*> by_name_;
};

}  // namespace ovenbird
