// The part of process.hpp that is about ending: Ctrl-C, the console's close, and other processes that ask.

#include <fcntl.h>
#include <io.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <thread>

#include "base/platform/process.hpp"
#include "base/platform/windows/system.hpp"

namespace ovenbird {
namespace {

constexpr UINT kInterrupted = 130;
constexpr UINT kTerminated = 143;

std::atomic<bool> stop_requested{false};
std::atomic<bool> interrupts_ignored{false};
std::atomic<bool> ends_when_asked{false};

// At once: no destructors, which might wait for threads that do not end.
[[noreturn]] void end_now(UINT status) {
    ::TerminateProcess(::GetCurrentProcess(), status);
    std::abort();
}

void on_interrupt() {
    if (stop_requested.exchange(true)) end_now(kInterrupted);
}

BOOL WINAPI on_console_event(DWORD event) {
    const bool key = event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT;
    if (interrupts_ignored) return key ? TRUE : FALSE;
    on_interrupt();
    // The system ends the process when this returns, or after some seconds: they are for tidying up.
    if (!key) ::Sleep(INFINITE);
    return TRUE;
}

std::wstring event_name(int64_t process) {
    return L"Local\\ovenbird-end-" + std::to_wstring(process);
}

// Windows has no SIGTERM: an event of a known name stands for it.
void listen_for_requests() {
    static const bool once = [] {
        const HANDLE asked =
            ::CreateEventW(nullptr, FALSE, FALSE, event_name(::GetCurrentProcessId()).c_str());
        if (asked == nullptr) return false;
        std::thread([asked] {
            while (::WaitForSingleObject(asked, INFINITE) == WAIT_OBJECT_0)
                ends_when_asked ? end_now(kTerminated) : on_interrupt();
        }).detach();
        return true;
    }();
    (void)once;
}

UINT page_before = 0;

void use_escape_sequences(DWORD stream) {
    const HANDLE handle = ::GetStdHandle(stream);
    DWORD mode = 0;
    if (::GetConsoleMode(handle, &mode) != 0)
        ::SetConsoleMode(handle, mode | ENABLE_PROCESSED_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
}

}  // namespace

void install_interrupt_handler() {
    interrupts_ignored = false;
    ends_when_asked = false;
    // Once, however often this is called.
    ::SetConsoleCtrlHandler(on_console_event, FALSE);
    ::SetConsoleCtrlHandler(on_console_event, TRUE);
    listen_for_requests();
}

void forget_interrupt() {
    stop_requested = false;
}

void ignore_interrupts() {
    interrupts_ignored = true;
    ::SetConsoleCtrlHandler(on_console_event, FALSE);
    ::SetConsoleCtrlHandler(on_console_event, TRUE);
}

void end_on_termination() {
    ends_when_asked = true;
    listen_for_requests();
}

bool interrupted() {
    return stop_requested;
}

void check_interrupted() {
    if (interrupted()) fail(ErrorCode::interrupted, "interrupted");
}

void ask_to_end(int64_t process) {
    const Handle asked(::OpenEventW(EVENT_MODIFY_STATE, FALSE, event_name(process).c_str()));
    if (asked.valid() && ::SetEvent(asked.get()) != 0) return;
    const DWORD reason = ::GetLastError();
    if (reason == ERROR_FILE_NOT_FOUND)
        fail(ErrorCode::io,
             "process {0} cannot be asked to end: it is no Ovenbird of this session; 'taskkill /F /PID {0}' "
             "ends it at once",
             process);
    fail(ErrorCode::io, "process {} cannot be asked to end: {}", process, system_message(reason));
}

void prepare_console() {
    // Bytes as they are: what is printed may be a file for another program.
    ::_setmode(1, _O_BINARY);
    ::_setmode(2, _O_BINARY);
    use_escape_sequences(STD_OUTPUT_HANDLE);
    use_escape_sequences(STD_ERROR_HANDLE);
    if (!stdout_is_terminal() && !stderr_is_terminal()) return;
    // The console outlives this program, and so would its code page.
    page_before = ::GetConsoleOutputCP();
    ::SetConsoleOutputCP(CP_UTF8);
    std::atexit([] { ::SetConsoleOutputCP(page_before); });
}

}  // namespace ovenbird
