#include "model/embedding.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.hpp"
#include "model/baked_folder.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kMostTokens = 131072;
constexpr int64_t kMostColumns = 1 << 20;
constexpr size_t kMostBuckets = 64;

constexpr std::array<std::pair<Pooling, const char*>, 5> kPoolings{
    {{Pooling::cls, "cls"},
     {Pooling::last_token, "lasttoken"},
     {Pooling::mean, "mean"},
     {Pooling::mean_sqrt_len, "mean_sqrt_len_tokens"},
     {Pooling::max, "max"}}};

std::vector<int64_t> read_integers(const JsonObject& object, const char* key, int64_t most) {
    std::vector<int64_t> numbers;
    if (!object.has(key)) return numbers;
    for (const Json& each : object.array(key)) {
        const bool fits = each.is_number_integer() && each.get<int64_t>() >= 1 && each.get<int64_t>() <= most;
        if (!fits)
            fail(ErrorCode::invalid_input, "{}: '{}' holds {}, expected numbers from 1 to {}",
                 object.origin(), key, each.dump(), most);
        numbers.push_back(each.get<int64_t>());
    }
    return numbers;
}

std::string names_of(const std::map<std::string, std::string>& prompts) {
    std::string list;
    for (const auto& [name, text] : prompts)
        list += (list.empty() ? "" : ", ") + name;
    return list.empty() ? "none" : list;
}

}  // namespace

const char* pooling_name(Pooling pooling) {
    for (const auto& [each, name] : kPoolings)
        if (each == pooling) return name;
    return "";
}

std::optional<Pooling> find_pooling(std::string_view name) {
    for (const auto& [each, known] : kPoolings)
        if (name == known) return each;
    return std::nullopt;
}

std::string embedding_graph(const EmbeddingFacts& facts, int64_t bucket) {
    if (bucket == facts.most_tokens()) return kModelXmlName;
    return fmt::format("{}/embed_{}.xml", kGraphsFolder, bucket);
}

Json to_json(const EmbeddingFacts& facts) {
    Json graphs = Json::array();
    for (const int64_t bucket : facts.buckets)
        graphs.push_back({{"file", embedding_graph(facts, bucket)}, {"tokens", bucket}});
    return {{"dimension", facts.dimension},
            {"graphs", std::move(graphs)},
            {"buckets", facts.buckets},
            {"pooling", facts.pooling},
            {"normalized", facts.normalized},
            {"prompts", facts.prompts},
            {"default_prompt", facts.default_prompt},
            {"similarity", facts.similarity},
            {"shortest", facts.shortest},
            {"lengths", facts.lengths}};
}

EmbeddingFacts read_embedding(const JsonObject& object) {
    EmbeddingFacts facts;
    facts.dimension = object.integer_in("dimension", 1, kMostColumns);
    facts.buckets = read_integers(object, "buckets", kMostTokens);
    const bool ascends = std::is_sorted(facts.buckets.begin(), facts.buckets.end());
    if (facts.buckets.empty() || facts.buckets.size() > kMostBuckets || !ascends)
        fail(ErrorCode::invalid_input, "{}: 'buckets' must list 1 to {} numbers that grow; bake again",
             object.origin(), kMostBuckets);
    facts.pooling = object.text_or("pooling", "");
    facts.normalized = object.boolean_or("normalized", false);
    if (const auto prompts = object.object("prompts")) {
        for (const auto& [name, value] : prompts->json().items())
            facts.prompts[name] = prompts->text(name);
    }
    facts.default_prompt = object.text_or("default_prompt", "");
    facts.similarity = object.text_or("similarity", "");
    facts.shortest = object.has("shortest") ? object.integer_in("shortest", 0, kMostColumns) : 0;
    facts.lengths = read_integers(object, "lengths", kMostColumns);
    return facts;
}

void check_length(const EmbeddingFacts& facts, int64_t length) {
    if (length == facts.dimension) return;
    if (length < 1 || length > facts.dimension)
        fail(ErrorCode::usage, "dimensions {} is outside 1 to {}, the length of this model's vectors", length,
             facts.dimension);
    if (facts.shortest == 0)
        fail(ErrorCode::usage,
             "dimensions {}: this model was not trained for shorter vectors than its own of {}; leave it out",
             length, facts.dimension);
    if (length < facts.shortest)
        fail(ErrorCode::usage, "dimensions {}: this model was trained for vectors of {} to {}", length,
             facts.shortest, facts.dimension);
    const auto& lengths = facts.lengths;
    if (lengths.empty() || std::find(lengths.begin(), lengths.end(), length) != lengths.end()) return;
    fail(ErrorCode::usage, "dimensions {}: this model was trained for vectors of {}", length,
         fmt::join(lengths, ", "));
}

std::string prompt_text(const EmbeddingFacts& facts, const std::optional<std::string>& name) {
    if (!name && facts.default_prompt.empty()) return "";
    const std::string wanted = name.value_or(facts.default_prompt);
    const auto found = facts.prompts.find(wanted);
    if (found != facts.prompts.end()) return found->second;
    fail(ErrorCode::usage, "the model has no prompt '{}'; it has: {}", wanted, names_of(facts.prompts));
}

}  // namespace ovenbird
