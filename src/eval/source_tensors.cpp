#include "eval/source_tensors.hpp"

#include <algorithm>

#include "base/parallel.hpp"
#include "base/platform/process.hpp"

namespace ovenbird {

SourceTensors::SourceTensors(std::unique_ptr<DecoderSource> source, BakePlan plan)
    : source_(std::move(source)), plan_(std::move(plan)) {
    for (const auto& tensor : plan_.tensors)
        by_name_[tensor.source->name] = &tensor;
}

void SourceTensors::read(const std::string& name, float* out) const {
    constexpr int64_t kValuesOfItem = int64_t{1} << 20;
    const PlannedTensor& tensor = planned(name);
    const int64_t rows = std::max<int64_t>(1, kValuesOfItem / tensor.columns);
    parallel_for(
        static_cast<size_t>((tensor.rows + rows - 1) / rows),
        [&](size_t i) {
            const int64_t begin = static_cast<int64_t>(i) * rows;
            read_planned(tensor, begin, std::min(begin + rows, tensor.rows), out + begin * tensor.columns);
        },
        [](size_t) { check_interrupted(); });
}

void SourceTensors::read_row(const std::string& name, int64_t row, float* out) const {
    read_planned(planned(name), row, row + 1, out);
}

StoredTensors SourceTensors::of_no_layer() const {
    StoredTensors tensors;
    const char* name = rope_factors_name(config().rope);
    if (name == nullptr) return tensors;
    const PlannedTensor& tensor = planned(name);
    const auto values = std::make_shared<std::vector<float>>(static_cast<size_t>(tensor.columns));
    read(name, values->data());
    StoredTensor& stored = tensors[name];
    stored.name = name;
    stored.columns = tensor.columns;
    stored.weights = reinterpret_cast<const std::byte*>(values->data());
    stored.owner = values;
    return tensors;
}

}  // namespace ovenbird
