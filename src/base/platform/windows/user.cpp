#include "base/platform/user.hpp"

#include <array>

#include "base/platform/windows/system.hpp"

namespace ovenbird {

// No groups: Windows numbers none, and no device file of its belongs to one.
User current_user() {
    std::array<wchar_t, 257> name{};  // UNLEN and the end
    auto size = static_cast<DWORD>(name.size());
    if (::GetUserNameW(name.data(), &size) == 0 || size < 2) return {"unknown", {}};
    return {narrow({name.data(), size - 1}), {}};
}

bool may_read_and_write(const std::filesystem::path& path) {
    return Handle(::CreateFileW(long_path(path).c_str(), GENERIC_READ | GENERIC_WRITE, kShareAll, nullptr,
                                OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr))
        .valid();
}

std::optional<uint32_t> group_of_file(const std::filesystem::path&) {
    return std::nullopt;
}

}  // namespace ovenbird
