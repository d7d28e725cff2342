#pragma once
// Looks at a value inside a graph while it runs, and rounds it to f16 on request.

#include <memory>
#include <openvino/op/op.hpp>
#include <string>
#include <vector>

namespace ovenbird {

/// What one probe has seen. Every run either keeps a sample of the exact values, or rounds them and measures
/// how far they are from that sample.
struct ProbeRecord {
    std::string node;
    double largest = 0;         // magnitude, of the exact values, over all runs
    double drift = 0;           // relative RMS distance of rounded from exact values, the largest of all runs
    bool overflows = false;     // a rounded run was infinite or no number where the exact one was finite
    std::vector<float> sample;  // of the exact values of the last run
};

enum class ProbeMode { exact, half };

/// f32 in, the same f32 out (exact) or rounded to IEEE 754 binary16 (half). The CPU device runs it by
/// evaluate(), one probe at a time.
class HalfProbe : public ov::op::Op {
public:
    OPENVINO_OP("HalfProbe", "ovenbird");
    HalfProbe(const ov::Output<ov::Node>& value, std::shared_ptr<ProbeRecord> record,
              std::shared_ptr<const ProbeMode> mode);
    void validate_and_infer_types() override;
    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override;
    bool visit_attributes(ov::AttributeVisitor&) override { return true; }
    bool has_evaluate() const override { return true; }
    bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override;

private:
    std::shared_ptr<ProbeRecord> record_;
    std::shared_ptr<const ProbeMode> mode_;
};

}  // namespace ovenbird
