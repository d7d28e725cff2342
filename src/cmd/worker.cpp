#include "serve/worker/worker_loop.hpp"

#include "base/platform/framed_child.hpp"
#include "base/platform/process.hpp"
#include "cmd/commands.hpp"

namespace ovenbird {

int worker_command(int, char**) {
    // Ctrl-C in a terminal goes to all processes of it: the server decides when its workers end.
    ignore_interrupts();
    FrameParent parent;
    return worker_loop(parent);
}

}  // namespace ovenbird
