#include "base/platform/process.hpp"

// First windows.h, then these.
#include "base/platform/windows/system.hpp"
//
#include <psapi.h>
#include <shellapi.h>

#include <algorithm>
#include <vector>

namespace ovenbird {
namespace {

// What a path can be at most.
constexpr DWORD kLongestPath = 32768;

PROCESS_MEMORY_COUNTERS_EX memory_counters(HANDLE process) {
    PROCESS_MEMORY_COUNTERS_EX counters{};
    if (::GetProcessMemoryInfo(process, reinterpret_cast<PROCESS_MEMORY_COUNTERS*>(&counters),
                               sizeof counters) == 0)
        return {};
    // The same figure; Wine tells the second only.
    counters.PrivateUsage = std::max(counters.PrivateUsage, counters.PagefileUsage);
    return counters;
}

bool is_console(DWORD stream) {
    DWORD mode = 0;
    return ::GetConsoleMode(::GetStdHandle(stream), &mode) != 0;
}

// "\Device\HarddiskVolume3\models\model.bin": the only form in which a mapping tells its file.
std::wstring device_name(const std::filesystem::path& path) {
    const Handle file(::CreateFileW(long_path(path).c_str(), 0, kShareAll, nullptr, OPEN_EXISTING,
                                    FILE_ATTRIBUTE_NORMAL, nullptr));
    std::wstring name(kLongestPath, L'\0');
    if (!file.valid()) return {};
    const DWORD size = ::GetFinalPathNameByHandleW(file.get(), name.data(), kLongestPath, VOLUME_NAME_NT);
    name.resize(size < kLongestPath ? size : 0);
    return name;
}

}  // namespace

int inherited_socket() {
    return -1;  // no service manager here hands sockets over
}

void tell_service_manager(const char*) {}

void ignore_broken_pipes() {}  // they are errors of the write already

void end_process_at_once(int64_t process) {
    constexpr UINT kEnded = 9;
    const Handle handle(::OpenProcess(PROCESS_TERMINATE, FALSE, static_cast<DWORD>(process)));
    if (!handle.valid() || ::TerminateProcess(handle.get(), kEnded) == 0)
        fail(ErrorCode::io, "process {} cannot be ended: {}", process, system_message(::GetLastError()));
}

int64_t process_id() {
    return ::GetCurrentProcessId();
}

MemoryUse memory_use() {
    const auto counters = memory_counters(::GetCurrentProcess());
    return {counters.PrivateUsage, counters.WorkingSetSize, counters.PeakWorkingSetSize};
}

uint64_t anonymous_bytes_of_process(int64_t process) {
    const Handle handle(::OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, static_cast<DWORD>(process)));
    return handle.valid() ? memory_counters(handle.get()).PrivateUsage : 0;
}

std::filesystem::path own_program() {
    std::wstring name(kLongestPath, L'\0');
    const DWORD size = ::GetModuleFileNameW(nullptr, name.data(), kLongestPath);
    if (size == 0 || size == kLongestPath)
        fail(ErrorCode::io, "this program's own path is not known: {}", system_message(::GetLastError()));
    name.resize(size);
    return name;
}

void release_file_pages(const std::filesystem::path& file) {
    const std::wstring wanted = device_name(file);
    if (wanted.empty()) return;
    const HANDLE self = ::GetCurrentProcess();
    std::wstring name(kLongestPath, L'\0');
    MEMORY_BASIC_INFORMATION region{};
    const char* place = nullptr;
    for (; ::VirtualQuery(place, &region, sizeof region) != 0;
         place = static_cast<const char*>(region.BaseAddress) + region.RegionSize) {
        // Never what could have been written.
        if (region.Type != MEM_MAPPED || region.Protect != PAGE_READONLY) continue;
        const DWORD size = ::GetMappedFileNameW(self, region.BaseAddress, name.data(), kLongestPath);
        if (std::wstring_view(name.data(), size) != wanted) continue;
        // Unlocking pages that are not locked is refused, and takes them out of the working set.
        ::VirtualUnlock(region.BaseAddress, region.RegionSize);
    }
}

uint64_t available_memory_bytes() {
    MEMORYSTATUSEX status{};
    status.dwLength = sizeof status;
    return ::GlobalMemoryStatusEx(&status) != 0 ? status.ullAvailPhys : 0;
}

bool stderr_is_terminal() {
    return is_console(STD_ERROR_HANDLE);
}
bool stdin_is_terminal() {
    return is_console(STD_INPUT_HANDLE);
}
bool stdout_is_terminal() {
    return is_console(STD_OUTPUT_HANDLE);
}

std::optional<std::string> environment(const char* name) {
    const std::wstring key = wide(name);
    std::wstring value;
    for (DWORD size = 256;;) {
        value.resize(size);
        ::SetLastError(ERROR_SUCCESS);
        const DWORD needed = ::GetEnvironmentVariableW(key.c_str(), value.data(), size);
        if (needed == 0 && ::GetLastError() != ERROR_SUCCESS) return std::nullopt;
        if (needed < size) return narrow({value.data(), needed});
        size = needed;
    }
}

std::vector<std::string> program_arguments(int, char**) {
    int count = 0;
    wchar_t** words = ::CommandLineToArgvW(::GetCommandLineW(), &count);
    if (words == nullptr)
        fail(ErrorCode::io, "the command line cannot be read: {}", system_message(::GetLastError()));
    std::vector<std::string> arguments;
    for (int i = 0; i < count; ++i)
        arguments.push_back(narrow(words[i]));
    ::LocalFree(words);
    return arguments;
}

namespace {

// `own`, as it is; else Ovenbird's folder in the one that Windows has for programs' files.
std::filesystem::path user_folder(const char* own, const std::filesystem::path& inside) {
    if (const auto folder = environment(own); folder && !folder->empty()) return wide(*folder);
    const std::filesystem::path local = wide(environment("LOCALAPPDATA").value_or(""));
    if (local.is_absolute()) return local / inside;
    return std::filesystem::temp_directory_path() / "ovenbird-files";
}

}  // namespace

std::filesystem::path user_cache_folder() {
    return user_folder("OVENBIRD_CACHE_DIR", std::filesystem::path("ovenbird") / "cache");
}

std::filesystem::path user_data_folder() {
    return user_folder("OVENBIRD_HOME", "ovenbird");
}

}  // namespace ovenbird
