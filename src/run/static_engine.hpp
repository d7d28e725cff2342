#pragma once
// A static [1, N] model on a device as an Engine: explicit right padding, the types it was compiled for, no
// state.

#include <memory>
#include <string>
#include <vector>

#include "device/device.hpp"
#include "device/embedder.hpp"
#include "run/engine.hpp"

namespace ovenbird {

/// Runs any static [1, N] IR with input_ids and logits: Ovenbird's own ([1, 1, V], last row) or others' ([1,
/// N, V]): then logits of every row may be asked at once. attention_mask, position_ids and beam_idx are fed
/// where the model has them; inputs_embeds instead of input_ids through an embedder; a stateful model's state
/// is reset before every step, because every step recomputes the whole window.
class StaticEngine : public Engine {
public:
    /// Errors: unsupported, naming the input or output that does not fit (a dynamic model: says how to bake
    /// it).
    StaticEngine(std::unique_ptr<CompiledGraph> session, int64_t pad_id,
                 std::unique_ptr<Embedder> embedder = nullptr);

private:
    Progress compute(const Request& request) override;

    /// What is written into an input for a window whose first `real` tokens are given.
    enum class Content { ids, embeds, mask, positions, beam };
    struct Input {
        std::string name;
        Content content;
        Tensor tensor;
    };
    void add_input(const GraphPort& port);
    void find_logits();
    std::string shapes_sent() const;
    void fill(Input& input, std::span<const int64_t> ids) const;
    void fill_embeds(Input& input, std::span<const int64_t> ids) const;

    std::unique_ptr<CompiledGraph> session_;
    std::unique_ptr<Embedder> embedder_;
    int64_t pad_id_ = 0;
    int64_t window_tokens_ = 0;
    int64_t vocab_size_ = 0;
    int64_t logit_rows_ = 1;
    std::vector<Input> inputs_;
    std::vector<float> logits_;
};

}  // namespace ovenbird
