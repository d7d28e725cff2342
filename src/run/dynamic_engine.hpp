#pragma once
// A stateful dynamic graph as an Engine: the fastest form where the device takes dynamic shapes (CPU, GPU).

#include <memory>
#include <optional>
#include <vector>

#include "device/device.hpp"
#include "run/engine.hpp"
#include "run/state_snapshots.hpp"

namespace ovenbird {

/// Runs graphs/dynamic.xml. Tokens that the states hold already are not computed again: only what follows the
/// common start of one call's ids and the next one's.
class DynamicEngine : public Engine {
public:
    /// `context`: most tokens of a sequence. Errors: unsupported, naming what does not fit.
    DynamicEngine(std::unique_ptr<CompiledGraph> session, int64_t context);

private:
    Progress compute(const Request& request) override;
    std::vector<std::vector<std::byte>> copy_cache(int64_t tokens) override;
    void restore_cache(const std::vector<std::vector<std::byte>>& parts, int64_t tokens) override;
    int64_t resume_at(int64_t kept) const override;
    void hold(int64_t count);
    void keep_states(bool before_drafts);
    StateSnapshots::Values whole_states();
    bool infer(std::span<const int64_t> ids, int64_t position, const StopAsked& stop);

    std::unique_ptr<CompiledGraph> session_;
    std::optional<int64_t> held_ = 0;  // tokens in the states; none: not known
    bool has_whole_ = false;
    StateSnapshots states_;  // where there are whole states
    std::vector<float> logits_;
};

}  // namespace ovenbird
