#pragma once
// Which forms a bake makes of its decoder, and which graphs each has.

#include <string>
#include <vector>

#include "bake/options.hpp"
#include "model/form.hpp"
#include "model/step.hpp"

namespace ovenbird {

/// A graph's files, or a blob that one is compiled to.
struct PlannedGraph {
    std::string file;  // relative to the folder
    std::string of;    // what it takes: "[1, 128]", "8 behind 1023"; of a blob, the graph
    uint64_t bytes = 0;
};

struct PlannedForm {
    Form form = Form::window;
    std::vector<Step> steps{};  // of the static forms with a cache
    std::vector<PlannedGraph>
        graphs{};  // with what is theirs alone; weights are counted with the weights file
    std::vector<PlannedGraph> blobs{};
    uint64_t cache_bytes = 0;  // of keys and values, in f16, when the context is full

    uint64_t disk_bytes() const;
};

struct FormsPlan {
    std::vector<PlannedForm> forms;
    int64_t seq_len = 0;           // of the window
    int64_t context = 0;           // of the graphs with a cache; 0: there are none
    bool all_logits = false;       // of the window
    bool host_embedding = false;   // graphs take inputs_embeds
    std::vector<int> platforms;    // NPU generations to compile for, each once
    Form compiled = Form::window;  // what is compiled for them

    bool has(Form form) const;
};

/// "static [1, 128]", "9 static graphs with a cache of up to 1024 tokens", …
std::string form_title(const PlannedForm& form, const FormsPlan& plan);

/// The context that the graphs can have: --context, at most the model's own positions; 0: none are made.
int64_t cache_context(const BakeOptions& options, int64_t max_positions);

/// Which static graphs a context needs: for each bucket (256, 512, … and the context itself) one that takes a
/// chunk of the prompt, one that takes a token, and one that verifies a few drafted tokens. All of a bucket
/// take the same inputs past_key_values.*, of one token less than the bucket: the cache need not be copied
/// between them.
std::vector<Step> plan_whole_steps(int64_t context);

/// Which folded graphs a context needs: one that takes a token and one that verifies drafts for 1,024 tokens,
/// 2,048, … and the context itself; and one for chunks of a prompt, which stands behind so many tokens less
/// than the context: the host moves the cache's rows between prefill and decode.
std::vector<Step> plan_folded_steps(int64_t context);

/// Why there are no graphs with a cache.
std::string too_few_positions(int64_t max_positions);

/// `max_positions`: the model's own; `has_cache`: whether its decoder keeps keys and values.
FormsPlan plan_forms(const BakeOptions& options, int64_t max_positions, bool has_cache);

}  // namespace ovenbird
