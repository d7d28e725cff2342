#include "base/platform/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "base/error.hpp"

namespace ovenbird {
namespace {

volatile sig_atomic_t stop_requested = 0;

void on_interrupt(int signal) {
    if (stop_requested != 0) ::_exit(128 + signal);
    stop_requested = 1;
}

// A figure of /proc in KiB ("RssAnon:   123 kB"), as bytes; 0 where the system does not tell.
uint64_t proc_bytes(const std::string& file, const std::string& key) {
    std::ifstream stream(file);
    std::string line;
    while (std::getline(stream, line)) {
        if (line.rfind(key + ":", 0) == 0)
            return std::strtoull(line.c_str() + key.size() + 1, nullptr, 10) * 1024;
    }
    return 0;
}

}  // namespace

void install_interrupt_handler() {
    struct sigaction action {};
    action.sa_handler = on_interrupt;
    sigemptyset(&action.sa_mask);
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
}

void forget_interrupt() {
    stop_requested = 0;
}

void end_on_termination() {
    ::signal(SIGTERM, SIG_DFL);
}

void ignore_interrupts() {
    ::signal(SIGINT, SIG_IGN);
}

int inherited_socket() {
    constexpr int kFirst = 3;
    const auto process = environment("LISTEN_PID");
    const auto count = environment("LISTEN_FDS");
    const bool ours = process && count && std::to_string(::getpid()) == *process && !count->empty() &&
                      count->front() >= '1' && count->front() <= '9';
    if (!ours) return -1;
    ::fcntl(kFirst, F_SETFD, FD_CLOEXEC);
    return kFirst;
}

void tell_service_manager(const char* state) {
    const std::string path = environment("NOTIFY_SOCKET").value_or("");
    sockaddr_un address{};
    const size_t length = path.size();
    if (length < 2 || length >= sizeof address.sun_path) return;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), length);
    if (path[0] == '@') address.sun_path[0] = '\0';  // Linux's names without a file
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return;
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
    // Nobody listens: nothing to be done about it.
    (void)!::sendto(socket, state, std::strlen(state), MSG_NOSIGNAL,
                    reinterpret_cast<const sockaddr*>(&address), size);
    ::close(socket);
}

void ignore_broken_pipes() {
    ::signal(SIGPIPE, SIG_IGN);
}

bool interrupted() {
    return stop_requested != 0;
}

void check_interrupted() {
    if (interrupted()) fail(ErrorCode::interrupted, "interrupted");
}

void ask_to_end(int64_t process) {
    if (process <= 1 || ::kill(static_cast<pid_t>(process), SIGTERM) != 0)
        fail(ErrorCode::io, "process {} cannot be asked to end: {}", process, std::strerror(errno));
}

void end_process_at_once(int64_t process) {
    if (process <= 1 || ::kill(static_cast<pid_t>(process), SIGKILL) != 0)
        fail(ErrorCode::io, "process {} cannot be ended: {}", process, std::strerror(errno));
}

int64_t process_id() {
    return ::getpid();
}

MemoryUse memory_use() {
    const char* status = "/proc/self/status";
    return {proc_bytes(status, "RssAnon"), proc_bytes(status, "VmRSS"), proc_bytes(status, "VmHWM")};
}

uint64_t anonymous_bytes_of_process(int64_t process) {
    return proc_bytes("/proc/" + std::to_string(process) + "/status", "RssAnon");
}

std::filesystem::path own_program() {
    std::error_code error;
    auto path = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) fail(ErrorCode::io, "this program's own path is not known: {}", error.message());
    return path;
}

void release_file_pages(const std::filesystem::path& file) {
    std::error_code error;
    const std::string path = std::filesystem::canonical(file, error).string();
    std::ifstream maps("/proc/self/maps");
    for (std::string line; !error && std::getline(maps, line);) {
        // "7f1c00000000-7f1c05000000 r--p 00000000 08:01 1234   /path/to/file"; never what could have been
        // written.
        if (!line.ends_with(" " + path) || line.find(" r--") == std::string::npos) continue;
        char* end = nullptr;
        const auto first = std::strtoull(line.c_str(), &end, 16);
        const auto last = std::strtoull(end + 1, nullptr, 16);
        ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
    }
}

uint64_t available_memory_bytes() {
    return proc_bytes("/proc/meminfo", "MemAvailable");
}

std::optional<std::string> environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::vector<std::string> program_arguments(int argc, char** argv) {
    return {argv, argv + argc};
}

void prepare_console() {}

bool stderr_is_terminal() {
    return ::isatty(STDERR_FILENO) == 1;
}
bool stdin_is_terminal() {
    return ::isatty(STDIN_FILENO) == 1;
}

bool stdout_is_terminal() {
    return ::isatty(STDOUT_FILENO) == 1;
}

namespace {

// `own`, as it is; else Ovenbird's folder in what XDG's variable or the home folder gives.
std::filesystem::path user_folder(const char* own, const char* xdg, const std::filesystem::path& in_home) {
    if (auto folder = std::filesystem::path(environment(own).value_or("")); !folder.empty()) return folder;
    if (const auto folder = std::filesystem::path(environment(xdg).value_or("")); folder.is_absolute())
        return folder / "ovenbird";
    if (const auto home = std::filesystem::path(environment("HOME").value_or("")); !home.empty())
        return home / in_home / "ovenbird";
    return std::filesystem::temp_directory_path() / "ovenbird-files";
}

}  // namespace

std::filesystem::path user_cache_folder() {
    return user_folder("OVENBIRD_CACHE_DIR", "XDG_CACHE_HOME", ".cache");
}

std::filesystem::path user_data_folder() {
    return user_folder("OVENBIRD_HOME", "XDG_DATA_HOME", std::filesystem::path(".local") / "share");
}

}  // namespace ovenbird
