#pragma once
// The worker process: orders come in, events go out, over the parent's socket.

#include "base/platform/framed_child.hpp"
#include "serve/worker/worker.hpp"

namespace ovenbird {

/// Until the parent has gone; returns the exit status. When it goes in the middle of an answer, the process
/// ends at once: nobody waits for anything then.
int worker_loop(FrameParent& parent, const EngineOpener& open = open_for_worker);

}  // namespace ovenbird
