#include "base/platform/windows/start_child.hpp"

// First windows.h, then this.
#include <psapi.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/platform/process.hpp"

namespace ovenbird {
namespace {

struct Known {
    uint32_t status;
    const char* words;
};
constexpr std::array kCrashes{
    Known{0xC0000005, "access violation"},
    Known{0xC0000006, "a page of a file could not be read"},
    Known{0xC0000017, "out of memory"},
    Known{0xC000001D, "illegal instruction"},
    Known{0xC0000094, "division by zero"},
    Known{0xC00000FD, "stack overflow"},
    Known{0xC0000135, "a DLL that it needs is missing"},
    Known{0xC0000139, "a DLL that it needs lacks a function"},
    Known{0xC000013A, "ended by Ctrl-C"},
    Known{0xC0000142, "a DLL that it needs could not start"},
    Known{0xC0000374, "heap corruption"},
    Known{0xC0000409, "stack buffer overrun, or the program gave up"},
};

bool is_program(const std::wstring& path) {
    const DWORD attributes = ::GetFileAttributesW(path.c_str());
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) == 0;
}

// A name with a folder is that file; another is looked for in the folders of PATH, and only there: Windows
// itself would look in the current folder as well. Either may lack its ".exe".
std::wstring find_program(const std::string& name) {
    const std::wstring words = wide(name);
    const bool has_folder = words.find_first_of(L"\\/:") != std::wstring::npos;
    const std::wstring folders = wide(environment("PATH").value_or(""));
    for (const auto& candidate : {words, words + L".exe"}) {
        if (has_folder) {
            const std::wstring path = long_path(candidate);
            if (is_program(path)) return path;
            continue;
        }
        std::wstring found(32768, L'\0');
        found.resize(::SearchPathW(folders.c_str(), candidate.c_str(), L".exe",
                                   static_cast<DWORD>(found.size()), found.data(), nullptr));
        if (!found.empty() && is_program(found)) return found;
    }
    fail(ErrorCode::not_found, "{}: there is no such program", name);
}

// CreateProcessW takes no name beyond MAX_PATH otherwise, and some programs choke on a prefix in their own
// name.
std::wstring shortest(const std::wstring& path) {
    constexpr std::wstring_view kPrefix = L"\\\\?\\";
    const bool plain = path.starts_with(kPrefix) && path.size() > 5 && path[5] == L':';
    return plain && path.size() - kPrefix.size() < MAX_PATH ? path.substr(kPrefix.size()) : path;
}

Handle make_job(uint64_t memory_bytes) {
    Handle job(::CreateJobObjectW(nullptr, nullptr));
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits{};
    // A crash ends it without a window that waits for an answer.
    limits.BasicLimitInformation.LimitFlags =
        JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
    if (memory_bytes > 0) {
        limits.BasicLimitInformation.LimitFlags |= JOB_OBJECT_LIMIT_PROCESS_MEMORY;
        limits.ProcessMemoryLimit = memory_bytes;
    }
    if (!job.valid() ||
        ::SetInformationJobObject(job.get(), JobObjectExtendedLimitInformation, &limits, sizeof limits) == 0)
        fail(ErrorCode::io, "cannot make a job object: {}", system_message(::GetLastError()));
    return job;
}

// What a process is to get at its start, beyond CreateProcessW's arguments.
class Attributes {
public:
    explicit Attributes(DWORD count) {
        SIZE_T size = 0;
        ::InitializeProcThreadAttributeList(nullptr, count, 0, &size);
        memory_ = std::make_unique<std::byte[]>(size);
        if (::InitializeProcThreadAttributeList(list(), count, 0, &size) == 0) fail_attributes();
    }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;
    ~Attributes() { ::DeleteProcThreadAttributeList(list()); }
    // `handles` must outlive this.
    void set(DWORD_PTR kind, HANDLE* handles, size_t count) {
        if (::UpdateProcThreadAttribute(list(), 0, kind, handles, count * sizeof(HANDLE), nullptr, nullptr) ==
            0)
            fail_attributes();
    }
    LPPROC_THREAD_ATTRIBUTE_LIST list() {
        return reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(memory_.get());
    }

private:
    [[noreturn]] static void fail_attributes() {
        fail(ErrorCode::io, "cannot prepare a process: {}", system_message(::GetLastError()));
    }
    std::unique_ptr<std::byte[]> memory_;
};

// A copy that a child may inherit; of nothing where there is nothing, as in a program without a console.
Handle inheritable(HANDLE stream) {
    HANDLE copy = nullptr;
    const HANDLE self = ::GetCurrentProcess();
    if (::DuplicateHandle(self, stream, self, &copy, 0, TRUE, DUPLICATE_SAME_ACCESS) != 0)
        return Handle(copy);
    SECURITY_ATTRIBUTES inherited{sizeof inherited, nullptr, TRUE};
    return Handle(::CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE, kShareAll, &inherited, OPEN_EXISTING, 0,
                                nullptr));
}

}  // namespace

std::string ChildEnd::words() const {
    if (!crashed()) return fmt::format("it ended with exit status {}", status);
    const auto* known = std::find_if(kCrashes.begin(), kCrashes.end(),
                                     [&](const Known& crash) { return crash.status == status; });
    if (known == kCrashes.end()) return fmt::format("it crashed (0x{:08X})", status);
    return fmt::format("it crashed: {} (0x{:08X})", known->words, status);
}

std::wstring command_line(const std::vector<std::string>& command) {
    std::wstring line;
    for (const auto& text : command) {
        const std::wstring word = wide(text);
        if (!line.empty()) line += L' ';
        if (!word.empty() && word.find_first_of(L" \t\n\v\"") == std::wstring::npos) {
            line += word;
            continue;
        }
        line += L'"';
        // Backslashes mean themselves, but before a quotation mark: there each is doubled.
        size_t backslashes = 0;
        for (const wchar_t letter : word) {
            if (letter == L'"') line.append(backslashes + 1, L'\\');
            backslashes = letter == L'\\' ? backslashes + 1 : 0;
            line += letter;
        }
        line.append(backslashes, L'\\');
        line += L'"';
    }
    return line;
}

RunningChild::RunningChild(const std::vector<std::string>& command, const ChildStreams& streams,
                           uint64_t memory_bytes)
    : job_(make_job(memory_bytes)) {
    const std::wstring program = shortest(find_program(command[0]));
    std::wstring line = command_line(command);
    const std::array copies{inheritable(streams.input), inheritable(streams.output),
                            inheritable(streams.errors)};
    std::array<HANDLE, 3> handles{copies[0].get(), copies[1].get(), copies[2].get()};
    std::array<HANDLE, 1> jobs{job_.get()};
    Attributes attributes(2);
    attributes.set(PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles.data(), handles.size());
    // In its job from its first instant: not even a kill of this process in between leaves one behind.
    attributes.set(PROC_THREAD_ATTRIBUTE_JOB_LIST, jobs.data(), jobs.size());
    STARTUPINFOEXW start{};
    start.StartupInfo.cb = sizeof start;
    start.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    start.StartupInfo.hStdInput = handles[0];
    start.StartupInfo.hStdOutput = handles[1];
    start.StartupInfo.hStdError = handles[2];
    start.lpAttributeList = attributes.list();
    // A group of its own: Ctrl-C is for this process alone, which ends its children. Without a console here,
    // none of its own pops up there.
    DWORD flags = EXTENDED_STARTUPINFO_PRESENT | CREATE_NEW_PROCESS_GROUP;
    if (::GetConsoleWindow() == nullptr) flags |= CREATE_NO_WINDOW;
    PROCESS_INFORMATION started{};
    if (::CreateProcessW(program.c_str(), line.data(), nullptr, nullptr, TRUE, flags, nullptr, nullptr,
                         &start.StartupInfo, &started) == 0)
        fail(ErrorCode::io, "{}: cannot start: {}", command[0], system_message(::GetLastError()));
    ::CloseHandle(started.hThread);
    process_ = Handle(started.hProcess);
    number_ = started.dwProcessId;
}

RunningChild::~RunningChild() {
    if (!ended_) collect();
}

bool RunningChild::has_ended(DWORD limit_ms) const {
    return ::WaitForSingleObject(process_.get(), limit_ms) == WAIT_OBJECT_0;
}

ChildEnd RunningChild::collect() {
    ChildEnd end;
    ::TerminateJobObject(job_.get(), 1);
    ::WaitForSingleObject(process_.get(), INFINITE);
    DWORD status = 0;
    ::GetExitCodeProcess(process_.get(), &status);
    end.status = status;
    end.peak_resident_bytes = peak_resident_bytes();
    ended_ = true;
    return end;
}

uint64_t RunningChild::peak_resident_bytes() const {
    PROCESS_MEMORY_COUNTERS counters{};
    if (::GetProcessMemoryInfo(process_.get(), &counters, sizeof counters) == 0) return 0;
    return counters.PeakWorkingSetSize;
}

}  // namespace ovenbird
