#pragma once
// What a program asks of its own process: Ctrl-C, memory figures, terminals, the user's folders.
// Part of src/base/platform/, the only folder that a port to another system touches.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ovenbird {

/// From now on SIGINT and SIGTERM (on Windows Ctrl-C, Ctrl-Break, the console's close and ask_to_end()) set a
/// flag that interrupted() reads; a second one ends the process at once.
void install_interrupt_handler();
/// What interrupted() tells from now on is what comes from now on: the program goes on after a Ctrl-C.
void forget_interrupt();
/// From now on Ctrl-C (SIGINT) does nothing here: another process decides when this one ends.
void ignore_interrupts();
/// From now on SIGTERM ends the process at once.
void end_on_termination();
/// The listening socket that a service manager started this process with (systemd's socket activation,
/// sd_listen_fds(3)); -1: none.
int inherited_socket();
/// Tells the service manager, where there is one, how far this process is: "READY=1" (sd_notify(3)).
void tell_service_manager(const char* state);
/// True once the user asked to stop. Cheap; safe from any thread.
bool interrupted();
/// Throws Error(interrupted) once the user asked to stop; long loops call it.
void check_interrupted();

/// Asks another process of this user to end as Ctrl-C would (SIGTERM; on Windows only a process that called
/// install_interrupt_handler() or end_on_termination() hears it). Errors: io.
void ask_to_end(int64_t process);
/// Ends a process of this user whatever it does, as a crash would (SIGKILL). Errors: io.
void end_process_at_once(int64_t process);
/// The number of this process, unique among those alive.
int64_t process_id();

/// From now on writing to a pipe that nobody reads is an error of that write, not the end of the process.
void ignore_broken_pipes();

struct MemoryUse {
    uint64_t anonymous_bytes = 0;  // private memory that no file backs, now (RssAnon; Windows: PrivateUsage)
    uint64_t resident_bytes = 0;   // all resident pages, now
    uint64_t peak_resident_bytes = 0;
};
MemoryUse memory_use();
/// MemoryUse::anonymous_bytes of another process; 0 where the system does not tell.
uint64_t anonymous_bytes_of_process(int64_t process);
/// The program that this process runs, as a path.
std::filesystem::path own_program();
/// Takes the pages of read-only mappings of `file` out of this process, whoever mapped it; they come back
/// when they are read again. For a weights file that a device has copied: it would count twice. Does nothing
/// where it cannot.
void release_file_pages(const std::filesystem::path& file);
/// Memory the system could give to a new program without swapping.
uint64_t available_memory_bytes();

/// The variable of this process's environment, in UTF-8; nothing where it is not set.
std::optional<std::string> environment(const char* name);
/// The words that this program was started with, its own name first, in UTF-8: Windows gives main() those of
/// its arguments that its old code page cannot write as question marks.
std::vector<std::string> program_arguments(int argc, char** argv);

/// To be called by main() first: on Windows the console takes UTF-8 and escape sequences from then on, and
/// printed line ends stay as they are. Does nothing elsewhere.
void prepare_console();
/// Whether standard error / input / output is a terminal.
bool stderr_is_terminal();
bool stdin_is_terminal();
bool stdout_is_terminal();

/// The user's cache folder for Ovenbird: $OVENBIRD_CACHE_DIR, else $XDG_CACHE_HOME/ovenbird, else
/// ~/.cache/ovenbird; on Windows else %LOCALAPPDATA%\ovenbird\cache. Not created here.
std::filesystem::path user_cache_folder();
/// Where Ovenbird keeps what the user made: $OVENBIRD_HOME, else $XDG_DATA_HOME/ovenbird, else
/// ~/.local/share/ovenbird; on Windows else %LOCALAPPDATA%\ovenbird. Not created here.
std::filesystem::path user_data_folder();

}  // namespace ovenbird
