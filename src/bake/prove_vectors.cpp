#include "bake/prove_vectors.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "bake/overflow_watch.hpp"
#include "base/error.hpp"
#include "check/ranges.hpp"
#include "device/cpu_reference.hpp"
#include "model/first_vector.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kFirstTokens = 13;      // of the text that a device is held against
constexpr int64_t kLongestProven = 4096;  // an attention's mask grows with the square of its tokens
constexpr double kTolerance = 1e-3;

// Any tokens do: ids below what every vocabulary has.
std::vector<int64_t> some_ids(int64_t count, int64_t vocabulary) {
    std::vector<int64_t> ids;
    uint64_t state = 12345;
    for (int64_t i = 0; i < count; ++i) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        ids.push_back(static_cast<int64_t>((state >> 33) % static_cast<uint64_t>(vocabulary)));
    }
    return ids;
}

std::vector<float> vector_of(CpuReference& graph, std::span<const int64_t> ids, size_t width) {
    graph.run(ids, width);
    const Tensor tensor = graph.output(kEmbeddingOutput);
    const auto* data = tensor.data<const float>();
    return {data, data + tensor.size()};
}

struct Difference {
    double largest = 0;
    double largest_value = 0;
};

Difference difference(std::span<const float> one, std::span<const float> other, const std::string& graph) {
    Difference found;
    for (size_t i = 0; i < one.size(); ++i) {
        if (!std::isfinite(other[i]) || !std::isfinite(one[i]))
            fail(ErrorCode::verification, "{}: its vector has values that are not finite; please report this",
                 graph);
        found.largest = std::max(found.largest, std::abs(static_cast<double>(one[i]) - other[i]));
        found.largest_value = std::max(found.largest_value, std::abs(static_cast<double>(one[i])));
    }
    return found;
}

}  // namespace

void prove_vectors(const FormsPlan& plan, const BakeOptions& options, const fs::path& embedder_xml,
                   const fs::path& folder, Manifest& manifest, Reporter& reporter) {
    if (options.forward_check == "off") {
        manifest.verification["forms"] = "not compared (--forward-check off)";
        reporter.note("graphs are not compared with the dynamic one, as asked");
        return;
    }
    const auto vocabulary = manifest.verification.at("vocabulary").get<int64_t>();
    CpuReference dynamic(embedder_xml);
    if (!manifest.embedding) fail(ErrorCode::internal, "the manifest is not one of an embedding model");
    const auto& facts = *manifest.embedding;
    Json figures = {{"graphs", Json::array()}, {"rows", 0}};
    Difference worst;
    for (const int64_t bucket : facts.buckets) {
        const bool first = bucket == facts.buckets.front();
        if ((!first && options.forward_check != "all") || bucket > kLongestProven) break;
        const std::string file = embedding_graph(facts, bucket);
        const auto model = read_graph(folder / file, folder / kModelBinName);
        std::optional<OverflowWatch> watch;
        if (first) watch.emplace(watch_ranges(model));
        CpuReference graph(model, folder / file);
        for (const int64_t length : std::set<int64_t>{1, std::min(kFirstTokens, bucket), bucket}) {
            const auto ids = some_ids(length, vocabulary);
            const auto expected = vector_of(dynamic, ids, ids.size());
            const auto given = difference(expected, vector_of(graph, ids, static_cast<size_t>(bucket)), file);
            if (watch) watch->look(graph);
            if (given.largest > kTolerance * std::max(given.largest_value, 1e-3))
                fail(ErrorCode::verification,
                     "{} says something else than the dynamic graph: vectors of {} tokens differ by up to "
                     "{:.4g} (largest value {:.4g}); please report this model",
                     file, length, given.largest, given.largest_value);
            worst.largest = std::max(worst.largest, given.largest);
            worst.largest_value = std::max(worst.largest_value, given.largest_value);
            figures["rows"] = figures["rows"].get<int64_t>() + 1;
        }
        if (watch) watch->tell(std::max<int64_t>(options.activations_scale_factor, 1), manifest, reporter);
        figures["graphs"].push_back(file);
    }
    figures["largest_difference"] = worst.largest;
    figures["largest_value"] = worst.largest_value;
    manifest.verification["forms"] = {{form_name(Form::vectors), figures}};
    const auto ids = some_ids(std::min(kFirstTokens, facts.buckets.front()), vocabulary);
    manifest.verification["first_vector"] = to_json(FirstVector{ids, vector_of(dynamic, ids, ids.size())});
    reporter.note(fmt::format("the static graphs say what the dynamic one says: largest difference {:.2g}",
                              worst.largest));
    (void)plan;
}

}  // namespace ovenbird
