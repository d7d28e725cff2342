#include "base/platform/test_faults.hpp"

#include <cstdlib>
#include <memory>
#ifdef _WIN32
#include "base/platform/windows/pipe_end.hpp"
#else
#include <signal.h>
#include <unistd.h>

#include "base/platform/posix/descriptor.hpp"
#endif

namespace ovenbird {

#ifdef _WIN32

void crash() {
    ::SetErrorMode(SEM_NOGPFAULTERRORBOX | SEM_FAILCRITICALERRORS);
    ::RaiseException(EXCEPTION_ACCESS_VIOLATION, EXCEPTION_NONCONTINUABLE, 0, nullptr);
    std::abort();
}

std::function<void(std::string_view bytes)> raw_parent() {
    HANDLE copy = nullptr;
    const HANDLE self = ::GetCurrentProcess();
    ::DuplicateHandle(self, ::GetStdHandle(STD_INPUT_HANDLE), self, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS);
    const auto pipe = std::make_shared<PipeEnd>(Handle(copy));
    return [pipe](std::string_view bytes) { pipe->write(bytes, kForever); };
}

#else

void crash() {
    ::signal(SIGSEGV, SIG_DFL);
    ::raise(SIGSEGV);
    std::abort();
}

std::function<void(std::string_view bytes)> raw_parent() {
    const auto socket = std::make_shared<Descriptor>(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
    return [socket](std::string_view bytes) { (void)!::write(socket->number(), bytes.data(), bytes.size()); };
}

#endif

}  // namespace ovenbird
