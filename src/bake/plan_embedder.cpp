#include "bake/plan_embedder.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "bake/arch/embedder_body.hpp"
#include "bake/graph/embedder.hpp"
#include "bake/graph/encoder.hpp"
#include "bake/plan_checkpoint.hpp"
#include "bake/plan_matrix.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr int64_t kSmallestBucket = 64;
// Of a layer in one graph's file, about: digits and names.
constexpr uint64_t kLayerText = uint64_t{48} << 10;

void refuse_idle_options(const BakeOptions& options) {
    const BakeOptions usual;
    const auto refuse = [](bool given, const char* option, const char* why) {
        if (given)
            fail(ErrorCode::usage, "{} does nothing for an embedding model, {}; leave it out", option, why);
    };
    refuse(options.head_bits != usual.head_bits, "--head-bits", "which has no head");
    refuse(options.all_logits, "--all-logits", "which has no logits");
    refuse(options.embedding != usual.embedding, "--embedding", "whose table is on the device");
    refuse(options.rotate == "on", "--rotate", "whose weights are rounded by themselves");
    refuse(options.effort != usual.effort, "--effort", "whose weights are rounded by themselves");
    refuse(options.ratio != usual.ratio, "--ratio", "whose layers are measured by no text");
}

const EmbedderPlan& embedder_of(const BakePlan& plan) {
    if (plan.embedder) return *plan.embedder;
    fail(ErrorCode::internal, "the plan is not of an embedding model; please report it with the command");
}

// A table that is made here; the bytes live as long as it.
struct MadeTensor : SourceTensor {
    std::vector<float> values;
};

const SourceTensor& named(BakePlan& plan, const Checkpoint& checkpoint, const std::string& name,
                          TensorRole role, int64_t rows, int64_t columns) {
    return find_tensor(plan, checkpoint, {name, role, rows, columns});
}

// The rows of positions that tokens reach, and with them the row that all tokens' type adds.
std::shared_ptr<const SourceTensor> made_places(BakePlan& plan, const Checkpoint& checkpoint,
                                                const EmbedderBody& body) {
    const int64_t hidden = body.model.hidden_size;
    const auto& table =
        named(plan, checkpoint, kPositionsName, TensorRole::embedding, body.model.max_positions, hidden);
    const auto& types =
        named(plan, checkpoint, kTokenTypesName, TensorRole::embedding, body.token_types, hidden);
    std::vector<float> type(static_cast<size_t>(hidden));
    read_rows(types, 0, 1, type.data());
    auto places = std::make_shared<MadeTensor>();
    places->name = kPlacesName;
    places->shape = {body.most_tokens(), hidden};
    places->values.resize(static_cast<size_t>(body.most_tokens() * hidden));
    read_rows(table, body.first_position, body.model.max_positions, places->values.data());
    for (size_t i = 0; i < places->values.size(); ++i)
        places->values[i] += type[i % type.size()];
    places->bytes = std::as_bytes(std::span(places->values));
    return places;
}

// Encoders are stored by themselves or inside of what they were trained as, and their norms under older
// names, too.
void find_other_names(BakePlan& plan, const Checkpoint& checkpoint,
                      const std::vector<RequiredTensor>& required, std::set<std::string>& used) {
    constexpr std::array<std::string_view, 6> kPrefixes{"",         "bert.",  "nomic_bert.",
                                                        "roberta.", "model.", "encoder."};
    const auto older = [](std::string name) {
        const auto swap = [&](std::string_view now, std::string_view before) {
            if (name.ends_with(now)) name.replace(name.size() - now.size(), now.size(), before);
        };
        swap("LayerNorm.weight", "LayerNorm.gamma");
        swap("LayerNorm.bias", "LayerNorm.beta");
        return name;
    };
    for (const auto& tensor : required) {
        if (checkpoint.tensors().contains(tensor.name)) continue;
        for (const auto prefix : kPrefixes) {
            for (const auto& name : {tensor.name, older(tensor.name)}) {
                const auto found = checkpoint.tensors().find(std::string(prefix) + name);
                if (found == checkpoint.tensors().end()) continue;
                auto stand_in = std::make_shared<SourceTensor>(found->second);
                stand_in->name = tensor.name;
                used.insert(found->first);
                plan.renamed.push_back(std::move(stand_in));
            }
        }
    }
}

// The names of what an encoder's makers trained it with.
void note_inert(const Checkpoint& checkpoint, std::set<std::string>& used) {
    constexpr std::array<std::string_view, 4> kInert{"pooler.", "cls.", "lm_head.", "classifier."};
    for (const auto& [name, tensor] : checkpoint.tensors()) {
        const bool inert = std::any_of(
            kInert.begin(), kInert.end(),
            [&, &text = name](std::string_view part) { return text.find(part) != std::string::npos; });
        if (inert) used.insert(name);
    }
}

void plan_tensors(BakePlan& plan, const Checkpoint& checkpoint, const BakeOptions& options) {
    const auto& [body, modules] = embedder_of(plan);
    auto required = embedder_tensors(body, modules);
    const bool has_places = body.kind == EmbedderBody::Kind::bert;
    std::set<std::string> used;
    if (body.kind != EmbedderBody::Kind::decoder) {
        auto stored = required;
        if (has_places) {
            for (const char* name : {kPositionsName, kTokenTypesName})
                stored.push_back({name, TensorRole::embedding, 0, 0});
            used.insert({kPositionsName, kTokenTypesName});
        }
        find_other_names(plan, checkpoint, stored, used);
        note_inert(checkpoint, used);
    }
    if (has_places) plan.renamed.push_back(made_places(plan, checkpoint, body));
    std::map<std::string, int> group_notes;
    for (const auto& each : required) {
        const SourceTensor& source = find_tensor(plan, checkpoint, each);
        used.insert(each.name);
        if (each.role == TensorRole::vector) {
            plan.tensors.push_back(plan_tensor(source, each, Store::f32));
        } else if (each.name == kPlacesName ||
                   each.name == kTokenTypesName) {  // each row counts for every text
            plan.tensors.push_back(plan_tensor(source, each, Store::f16));
        } else {
            plan.tensors.push_back(plan_matrix(source, each, options, group_notes));
        }
    }
    for (const auto& [text, count] : group_notes)
        plan.notes.push_back(fmt::format("{} ({} tensors)", text, count));
    note_unused(checkpoint, plan, used);
}

// Where the widths of what follows each other are not the same, the folder is a mixture of two.
void check_widths(const EmbedderBody& body, const EmbedderModules& modules, const std::string& origin) {
    int64_t width = body.model.hidden_size;
    for (const auto& layer : modules.dense) {
        if (layer.inputs != width)
            fail(ErrorCode::invalid_input,
                 "{}: {} takes vectors of {}, and what comes before it gives {}; are the files of one model?",
                 origin, layer.name, layer.inputs, width);
        width = layer.outputs;
    }
}

void plan_vectors(BakePlan& plan, const BakeOptions& options) {
    const auto& [body, modules] = embedder_of(plan);
    int64_t most =
        body.kind == EmbedderBody::Kind::decoder ? reachable_positions(body.model) : body.most_tokens();
    if (modules.max_tokens > 0) most = std::min(most, modules.max_tokens);
    if (options.seq_len < most)
        plan.notes.push_back(fmt::format("texts of at most {} tokens (--seq-len); the model takes up to {}",
                                         options.seq_len, most));
    most = std::min(most, options.seq_len);
    PlannedForm form{Form::vectors};
    EmbeddingFacts facts;
    facts.buckets = embedding_buckets(most);
    for (const int64_t bucket : facts.buckets) {
        form.steps.push_back({fmt::format("embed_{}", bucket), bucket, 0, bucket, false});
        form.graphs.push_back({embedding_graph(facts, bucket), fmt::format("[1, {}]", bucket),
                               kLayerText * static_cast<uint64_t>(body.model.layer_count() + 1)});
    }
    plan.forms = plan_forms(options, most, false);
    plan.forms.seq_len = most;
    plan.forms.host_embedding = false;
    plan.forms.forms = {std::move(form)};
    plan.forms.compiled = Form::vectors;
    plan.config.rope.sequence = most;
    if (plan.embedder) plan.embedder->body.model = plan.config;
}

void tell(BakePlan& plan) {
    const auto& [body, modules] = embedder_of(plan);
    plan.notes.push_back(fmt::format("an embedding model: vectors of {}, pooling {}, {}",
                                     embedding_size(body, modules), pooling_name(modules.pooling),
                                     modules.normalize ? "normalised" : "not normalised"));
}

}  // namespace

std::vector<int64_t> embedding_buckets(int64_t most) {
    std::vector<int64_t> buckets;
    for (int64_t bucket = kSmallestBucket; bucket < most; bucket *= bucket == kSmallestBucket ? 4 : 2)
        buckets.push_back(bucket);
    buckets.push_back(most);
    return buckets;
}

EmbeddingFacts embedding_facts(const BakePlan& plan) {
    const auto& [body, modules] = embedder_of(plan);
    EmbeddingFacts facts;
    facts.dimension = embedding_size(body, modules);
    for (const auto& step : plan.forms.forms.front().steps)
        facts.buckets.push_back(step.tokens);
    facts.pooling = pooling_name(modules.pooling);
    facts.normalized = modules.normalize;
    facts.prompts = modules.prompts;
    facts.default_prompt = modules.default_prompt;
    facts.similarity = modules.similarity;
    facts.shortest = body.shortest < facts.dimension ? body.shortest : 0;
    facts.lengths = body.lengths;
    return facts;
}

BakePlan make_embedder_plan(const Checkpoint& checkpoint, const BakeOptions& options) {
    refuse_idle_options(options);
    const auto& modules = checkpoint.embedder();
    if (!modules)
        fail(ErrorCode::internal, "{}: not of an embedding model; please report it with the command",
             checkpoint.config_origin());
    BakePlan plan;
    const EmbedderPlan& embedder =
        plan.embedder.emplace(read_embedder_body(checkpoint.config(), checkpoint.config_origin()), *modules);
    plan.config = embedder.body.model;
    check_widths(embedder.body, embedder.modules, checkpoint.config_origin());
    if (embedder.body.kind == EmbedderBody::Kind::decoder) settle_quantization(plan, checkpoint);
    plan.notes.insert(plan.notes.begin(), checkpoint.notes().begin(), checkpoint.notes().end());
    plan.warnings = checkpoint.warnings();
    tell(plan);
    plan_vectors(plan, options);
    plan_tensors(plan, checkpoint, options);
    note_dequantized(checkpoint, plan, options);
    place_tensors(plan);
    plan.int4_constants =
        static_cast<size_t>(std::count_if(plan.tensors.begin(), plan.tensors.end(), is_int4));
    plan.decoder_bytes = kLayerText * static_cast<uint64_t>(plan.config.layer_count() + 1);
    plan_costs(plan, options);
    return plan;
}

}  // namespace ovenbird
