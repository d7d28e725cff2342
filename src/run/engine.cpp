#include "run/engine.hpp"

#include "base/error.hpp"

namespace ovenbird {

Engine::Request::Chunk Engine::Request::chunk_behind(int64_t from) const {
    const auto rest = ids.subspan(static_cast<size_t>(from));
    const bool is_last = static_cast<int64_t>(rest.size()) <= kPromptChunkTokens + rows;
    return {is_last ? rest : rest.first(static_cast<size_t>(kPromptChunkTokens)), is_last};
}

uint64_t KeptCopy::bytes() const {
    uint64_t bytes = ids.size() * sizeof(int64_t);
    for (const auto& part : parts)
        bytes += part.size();
    return bytes;
}

KeptCopy Engine::copy_kept() {
    KeptCopy copy;
    if (kept_.count() > 0) copy.parts = copy_cache(kept_.count());
    if (!copy.parts.empty()) copy.ids.assign(kept_.ids().begin(), kept_.ids().end());
    return copy;
}

void Engine::put_back(const KeptCopy& copy) {
    kept_.truncate(0);
    restore_cache(copy.parts, static_cast<int64_t>(copy.ids.size()));
    kept_.append(copy.ids);
}

std::span<const float> Engine::logits_after(std::span<const int64_t> ids, int64_t rows,
                                            const StopAsked& stop) {
    const auto count = static_cast<int64_t>(ids.size());
    if (count < rows || count > window_tokens())
        fail(ErrorCode::internal, "{} tokens do not fit a context of {}", count, window_tokens());
    if (rows < 1 || rows > most_rows())
        fail(ErrorCode::internal, "{} rows of logits are wanted of at most {}", rows, most_rows());
    kept_.truncate(resume_at(kept_.shared_with(ids, rows)));
    Progress progress;
    try {
        for (int64_t done = kept_.count(); done < count; done = progress.done) {
            if (asks_to_stop(stop)) return {};
            progress = compute({ids, done, rows, stop});
            kept_.truncate(std::min(kept_.count(), progress.from));
            if (progress.done == progress.from) return {};
            computed_ += progress.done - progress.from;
            const auto before = static_cast<size_t>(kept_.count());
            if (progress.kept > kept_.count())
                kept_.append(ids.subspan(before, static_cast<size_t>(progress.kept) - before));
        }
    } catch (...) {
        kept_.truncate(0);  // what the device holds now is not known
        throw;
    }
    return progress.logits;
}

}  // namespace ovenbird
