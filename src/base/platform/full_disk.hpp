#pragma once
// Which errno says that a disk is full.
// Part of src/base/platform/, the only folder that a port to another system touches.

namespace ovenbird {

/// Whether there is no room, or no more of it for this user.
bool means_no_space(int error);

}  // namespace ovenbird
