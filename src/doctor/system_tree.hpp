#pragma once
// What a running system says of itself in /sys, /proc, /dev and /etc, below a root that a test may make up.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ovenbird {

/// What may be shown on terminals and written as JSON: the text without blanks at its ends, where it is
/// printable ASCII of at most 256 bytes; else empty.
std::string shown_text(std::string_view text);

/// Nothing here throws: what is missing, unreadable, no regular file or not text is as if it said nothing.
class SystemTree {
public:
    explicit SystemTree(std::filesystem::path root = "/") : root_(std::move(root)) {}
    /// A place of the system ("/sys/class/accel") below the root.
    std::filesystem::path at(std::string_view place) const;
    bool has(std::string_view place) const;
    /// The first line of a small file, at most 256 bytes, without blanks at its ends; empty where there is
    /// none, or where it holds something else than text.
    std::string line(std::string_view place) const;
    /// What a line "key : value" of a file says, in its first mebibyte; empty where it does not.
    std::string value(std::string_view place, std::string_view key) const;
    /// The names in a folder, sorted; at most 4096 are looked at.
    std::vector<std::string> names(std::string_view place) const;
    /// The last name of what a symbolic link points to ("intel_vpu" of …/driver); empty where it is no link.
    std::string link_name(std::string_view place) const;
    /// The start of a regular file; empty where it cannot be read.
    std::string start(std::string_view place, size_t max_bytes) const;

private:
    std::filesystem::path root_;
};

/// A line of /etc/group.
struct Group {
    std::string name;
    std::vector<std::string> members;
};
/// Nothing where the number has no name.
std::optional<Group> find_group(const SystemTree& system, uint32_t number);

}  // namespace ovenbird
