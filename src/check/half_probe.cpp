#include "check/half_probe.hpp"

#include <algorithm>
#include <cmath>
#include <openvino/core/type/float16.hpp>

namespace ovenbird {
namespace {

constexpr size_t kSampleValues = 4096;

size_t stride_of(size_t count) {
    return std::max<size_t>(1, count / kSampleValues);
}

void keep_exact(ProbeRecord& record, const float* values, size_t count) {
    record.sample.clear();
    const size_t stride = stride_of(count);
    for (size_t i = 0; i < count; ++i) {
        record.largest = std::max(record.largest, std::abs(static_cast<double>(values[i])));
        if (i % stride == 0) record.sample.push_back(values[i]);
    }
}

void measure(ProbeRecord& record, const float* rounded, size_t count) {
    const size_t stride = stride_of(count);
    double squared = 0;
    double distance = 0;
    for (size_t i = 0, at = 0; i < count && at < record.sample.size(); i += stride, ++at) {
        const double exact = record.sample[at];
        squared += exact * exact;
        distance += (static_cast<double>(rounded[i]) - exact) * (static_cast<double>(rounded[i]) - exact);
    }
    for (size_t i = 0; i < count; ++i)
        record.overflows = record.overflows || !std::isfinite(rounded[i]);
    const double drift = squared > 0 ? std::sqrt(distance / squared) : 0;
    if (!(drift <= record.drift)) record.drift = drift;
}

}  // namespace

HalfProbe::HalfProbe(const ov::Output<ov::Node>& value, std::shared_ptr<ProbeRecord> record,
                     std::shared_ptr<const ProbeMode> mode)
    : Op({value}), record_(std::move(record)), mode_(std::move(mode)) {
    constructor_validate_and_infer_types();
}

void HalfProbe::validate_and_infer_types() {
    set_output_type(0, get_input_element_type(0), get_input_partial_shape(0));
}

std::shared_ptr<ov::Node> HalfProbe::clone_with_new_inputs(const ov::OutputVector& inputs) const {
    return std::make_shared<HalfProbe>(inputs.at(0), record_, mode_);
}

bool HalfProbe::evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const {
    const float* from = inputs[0].data<float>();
    outputs[0].set_shape(inputs[0].get_shape());
    float* to = outputs[0].data<float>();
    const size_t count = inputs[0].get_size();
    if (*mode_ == ProbeMode::exact) {
        std::copy_n(from, count, to);
        keep_exact(*record_, from, count);
        return true;
    }
    for (size_t i = 0; i < count; ++i)
        to[i] = static_cast<float>(ov::float16(from[i]));
    measure(*record_, to, count);
    return true;
}

}  // namespace ovenbird
