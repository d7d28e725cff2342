#include "bake/compress.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <numeric>

#include "bake/source/packed_weight.hpp"
#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/platform/mapped_file.hpp"
#include "base/platform/process.hpp"

namespace ovenbird {
namespace {

// Elements per work item: 1 Mi floats is 4 MiB, small against any cache of pages, large against a task
// switch.
constexpr int64_t kItemElements = int64_t{1} << 20;

struct WorkItem {
    const PlannedTensor* tensor;
    int64_t begin;  // rows
    int64_t end;
};

std::vector<WorkItem> split_work(const BakePlan& plan) {
    std::vector<WorkItem> items;
    for (const auto& tensor : plan.tensors) {
        if (tensor.calibrated) continue;
        if (mixes_rows(tensor.change)) {
            items.push_back({&tensor, 0, tensor.rows});
            continue;
        }
        const int64_t step =
            tensor.store == Store::quantized ? quant_row_step(tensor.format, tensor.columns) : 1;
        int64_t rows = std::max<int64_t>(1, kItemElements / tensor.columns);
        rows = (rows + step - 1) / step * step;
        for (int64_t begin = 0; begin < tensor.rows; begin += rows) {
            items.push_back({&tensor, begin, std::min(begin + rows, tensor.rows)});
        }
    }
    return items;
}

std::span<std::byte> part(WritableMap& map, const ByteRange& range) {
    return map.bytes().subspan(range.offset, range.bytes);
}

void check_finite(const WorkItem& item, std::span<const float> values) {
    const int64_t bad = find_non_finite(values);
    if (bad < 0) return;
    const auto& source = *item.tensor->source;
    fail(ErrorCode::invalid_input,
         "{}: row {}, column {} is {}; the checkpoint is damaged, download it again (file {})", source.name,
         item.begin + bad / item.tensor->columns, bad % item.tensor->columns,
         values[static_cast<size_t>(bad)], source.file == nullptr ? "unknown" : source.file->path().string());
}

struct Errors {
    double squared_error = 0;
    double squared_values = 0;
};

Errors compress_item(const WorkItem& item, ScaleChoice choice, WritableMap& map, std::vector<float>& buffer) {
    const PlannedTensor& tensor = *item.tensor;
    const auto count = static_cast<size_t>((item.end - item.begin) * tensor.columns);
    buffer.resize(count);
    read_planned(tensor, item.begin, item.end, buffer.data());
    check_finite(item, buffer);
    const auto first = static_cast<uint64_t>(item.begin * tensor.columns);
    const auto weights = part(map, tensor.weights);
    try {
        switch (tensor.store) {
            case Store::f32:
                std::memcpy(weights.data() + 4 * first, buffer.data(), 4 * count);
                return {};
            case Store::f16:
                to_f16(buffer, weights.data() + 2 * first);
                return {};
            case Store::quantized:
                break;
        }
        const double error = quantize_rows(tensor.format, choice, buffer.data(), item.begin, item.end,
                                           tensor.columns, target_of(tensor, map));
        return {error, std::inner_product(buffer.begin(), buffer.end(), buffer.begin(), 0.0)};
    } catch (const Error& error) {
        fail(error.code(), "{}: {}", tensor.source->name, error.what());
    }
}

// Source pages of a finished item will not be read again; without this a 15 GB checkpoint crowds out the page
// cache.
void release_source(const WorkItem& item) {
    const auto& source = *item.tensor->source;
    if (source.file == nullptr || item.tensor->rows == 0) return;
    if (source.packed != nullptr && !source.packed->rows_in_order()) {
        // Every band of rows reads all of it, so it goes with the last.
        if (item.end != item.tensor->rows) return;
        return source.file->drop(static_cast<uint64_t>(source.bytes.data() - source.file->bytes().data()),
                                 source.bytes.size());
    }
    const auto offset = static_cast<uint64_t>(source.bytes.data() - source.file->bytes().data());
    const uint64_t row_bytes = source.bytes.size() / static_cast<uint64_t>(item.tensor->rows);
    source.file->drop(offset + row_bytes * static_cast<uint64_t>(item.begin),
                      row_bytes * static_cast<uint64_t>(item.end - item.begin));
}

StoredTensor stored_view(const PlannedTensor& planned, const std::shared_ptr<WritableMap>& map) {
    StoredTensor stored;
    stored.name = planned.source->name;
    stored.store = planned.store;
    stored.format = planned.format;
    stored.rows = planned.rows;
    stored.columns = planned.columns;
    stored.weights = part(*map, planned.weights).data();
    if (planned.scales.bytes > 0) stored.scales = part(*map, planned.scales).data();
    if (planned.zero_points.bytes > 0) stored.zero_points = part(*map, planned.zero_points).data();
    stored.owner = map;
    return stored;
}

}  // namespace

QuantTarget target_of(const PlannedTensor& tensor, WritableMap& file) {
    return {part(file, tensor.weights), part(file, tensor.scales), part(file, tensor.zero_points)};
}

CompressedWeights compress_weights(const BakePlan& plan, const BakeOptions& options,
                                   const std::filesystem::path& file, Reporter& reporter) {
    const auto map = WritableMap::create(file, plan.tensor_bytes);
    const auto items = split_work(plan);
    const auto choice = options.search_scales ? ScaleChoice::search : ScaleChoice::plain;
    std::atomic<uint64_t> done_bytes{0};
    std::mutex sum_mutex;
    Errors sum;

    const auto item_bytes = [](const WorkItem& item) {
        return item.tensor->source->bytes.size() / static_cast<uint64_t>(item.tensor->rows) *
               static_cast<uint64_t>(item.end - item.begin);
    };
    reporter.begin("stage 1: compress weights", plan.source_bytes);
    parallel_for(
        items.size(),
        [&](size_t index) {
            thread_local std::vector<float> buffer;
            const WorkItem& item = items[index];
            const Errors errors = compress_item(item, choice, *map, buffer);
            release_source(item);
            if (item.end == item.tensor->rows) {
                map->start_writeback(item.tensor->weights.offset, item.tensor->weights.bytes);
            }
            done_bytes += item_bytes(item);
            const std::lock_guard lock(sum_mutex);
            sum.squared_error += errors.squared_error;
            sum.squared_values += errors.squared_values;
        },
        [&](size_t) {
            check_interrupted();
            reporter.advance(done_bytes);
        });
    reporter.end();
    reporter.debug("syncing the weights file");
    map->sync();

    CompressedWeights result;
    result.file = map;
    for (const auto& planned : plan.tensors)
        result.tensors.emplace(planned.source->name, stored_view(planned, map));
    result.relative_error = sum.squared_values > 0 ? sum.squared_error / sum.squared_values : 0;
    return result;
}

}  // namespace ovenbird
