#include "base/platform/user.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace ovenbird {

User current_user() {
    User user;
    const passwd* entry = ::getpwuid(::geteuid());
    user.name = entry != nullptr ? entry->pw_name : std::to_string(::geteuid());
    std::vector<gid_t> groups(static_cast<size_t>(std::max(::getgroups(0, nullptr), 0)));
    const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
    user.groups.assign(groups.begin(), groups.begin() + std::max(count, 0));
    user.groups.push_back(::getegid());
    return user;
}

bool may_read_and_write(const std::filesystem::path& path) {
    return ::access(path.c_str(), R_OK | W_OK) == 0;
}

std::optional<uint32_t> group_of_file(const std::filesystem::path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    return status.st_gid;
}

}  // namespace ovenbird
