#pragma once
// The servers of this user that run on this machine: ovenbird serve --status and --stop find them here.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/platform/files.hpp"

namespace ovenbird {

struct RunningServer {
    int64_t process = 0;
    std::string address;  // "127.0.0.1:11435" or "unix:PATH"
};

/// $XDG_RUNTIME_DIR/ovenbird/servers, else a folder in the user's cache.
std::filesystem::path running_servers_folder();

/// Says that this process serves, as long as the object lives. Where that cannot be written the server is
/// not found, and `fault` says why.
class ServerSign {
public:
    ServerSign(const std::filesystem::path& folder, const std::string& address);
    ServerSign(const ServerSign&) = delete;
    ServerSign& operator=(const ServerSign&) = delete;
    ~ServerSign();
    const std::string& fault() const { return fault_; }

private:
    std::filesystem::path sign_;
    FileLock lock_;
    std::string fault_;
};

/// Removes the signs of those that ended without doing so. Errors: io.
std::vector<RunningServer> running_servers(const std::filesystem::path& folder);

/// Prints each with its models, as its /health tells. 0: there are some; 1: none.
int tell_servers();
/// Ends the only one, or the one at `port`, and says so. Errors: not_found (none), usage (several), io.
int stop_server(std::optional<int> port);

/// Asks a server to end, and waits. False: it still runs. Errors: io.
bool end_server(const std::filesystem::path& folder, const RunningServer& server,
                std::chrono::milliseconds patience);

}  // namespace ovenbird
