#include "cmd/running_servers.hpp"

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/platform/process.hpp"
#include "cmd/output.hpp"
#include "serve/http/http_server.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostSignBytes = 64 << 10;
constexpr const char* kSign = ".json";
constexpr const char* kLock = ".lock";

// A lock belongs to who runs: a number in a file alone could be another process's by now.
bool is_taken(const fs::path& lock) {
    return !FileLock::try_lock(lock).held();
}

RunningServer read_sign(const fs::path& sign) {
    const Json json = Json::parse(read_file(sign, kMostSignBytes), nullptr, false);
    if (!json.is_object() || !json.contains("process") || !json.at("process").is_number_integer() ||
        !json.contains("address") || !json.at("address").is_string())
        fail(ErrorCode::invalid_input, "{}: not what a server writes of itself; remove it", sign.string());
    return {json.at("process").get<int64_t>(), json.at("address").get<std::string>()};
}

}  // namespace

fs::path running_servers_folder() {
    const auto runtime = environment("XDG_RUNTIME_DIR");
    return (runtime && !runtime->empty() ? fs::path(*runtime) / "ovenbird" : user_cache_folder()) / "servers";
}

ServerSign::ServerSign(const fs::path& folder, const std::string& address) {
    try {
        fs::create_directories(folder);
        const std::string name = std::to_string(process_id());
        lock_ = FileLock::try_lock(folder / (name + kLock));
        if (!lock_.held()) fail(ErrorCode::io, "{} is locked", (folder / (name + kLock)).string());
        sign_ = folder / (name + kSign);
        replace_file(sign_, Json{{"process", process_id()}, {"address", address}}.dump() + "\n");
    } catch (const std::exception& error) {
        fault_ = error.what();
    }
}

ServerSign::~ServerSign() {
    std::error_code ignored;
    if (sign_.empty()) return;
    fs::remove(sign_, ignored);
    fs::remove(fs::path(sign_).replace_extension(kLock), ignored);
}

std::vector<RunningServer> running_servers(const fs::path& folder) {
    std::vector<RunningServer> servers;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const fs::path& sign = entry.path();
        if (sign.extension() != kSign) continue;
        const fs::path lock = fs::path(sign).replace_extension(kLock);
        if (is_taken(lock)) {
            servers.push_back(read_sign(sign));
            continue;
        }
        std::error_code ignored;
        fs::remove(sign, ignored);
        fs::remove(lock, ignored);
    }
    std::sort(servers.begin(), servers.end(),
              [](const auto& one, const auto& other) { return one.process < other.process; });
    return servers;
}

bool end_server(const fs::path& folder, const RunningServer& server, std::chrono::milliseconds patience) {
    const fs::path lock = folder / (std::to_string(server.process) + kLock);
    if (!is_taken(lock)) return true;
    ask_to_end(server.process);
    const auto until = std::chrono::steady_clock::now() + patience;
    while (is_taken(lock)) {
        check_interrupted();
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    std::error_code ignored;
    fs::remove(lock, ignored);
    return true;
}

namespace {

constexpr auto kPatience = std::chrono::seconds(45);  // answers under way have 10 s, workers some more

// "SmolLM2: ready on CPU; …" of each model that a server has had to do with.
std::string models_text(const Json& health) {
    std::string text;
    const Json models = health.is_object() ? health.value("models", Json::array()) : Json::array();
    for (const auto& model : models) {
        text += fmt::format("  {}: {}", model.value("model", "?"), model.value("state", "?"));
        if (model.contains("device")) text += " on " + model.value("device", "?");
        const auto waiting = model.value("waiting", int64_t{0});
        if (waiting > 0) text += fmt::format(", {} waiting", waiting);
        const auto faults = model.value("faults", int64_t{0});
        if (faults > 0)
            text += fmt::format(", {} faults; the last: {}", faults, model.value("last_fault", "?"));
        text += '\n';
        for (const auto& fallback : model.value("fallback", Json::array()))
            text += "    " + fallback.dump() + '\n';
    }
    return text.empty() ? "  no model is open\n" : text;
}

std::string state_of(const RunningServer& server) {
    try {
        const HttpAnswer answer = http_get(server.address, "/health");
        return models_text(Json::parse(answer.body, nullptr, false));
    } catch (const std::exception& error) {
        return fmt::format("  does not answer: {}\n", error.what());
    }
}

bool is_at_port(const RunningServer& server, int port) {
    return server.address.ends_with(':' + std::to_string(port));
}

}  // namespace

int tell_servers() {
    const auto servers = running_servers(running_servers_folder());
    for (const auto& server : servers)
        print_output("{}, process {}\n{}", server.address, server.process, state_of(server));
    if (servers.empty()) print_output("no server of yours runs here\n");
    return servers.empty() ? 1 : 0;
}

int stop_server(std::optional<int> port) {
    auto servers = running_servers(running_servers_folder());
    if (port) std::erase_if(servers, [&](const auto& server) { return !is_at_port(server, *port); });
    if (servers.empty())
        fail(ErrorCode::not_found, "no server of yours runs here{}; ovenbird serve --status tells which do",
             port ? fmt::format(" at port {}", *port) : "");
    if (servers.size() > 1)
        fail(ErrorCode::usage, "{} servers of yours run here; name one with --port: ovenbird serve --status",
             servers.size());
    if (!end_server(running_servers_folder(), servers.front(), kPatience))
        fail(ErrorCode::io, "process {} still runs after {} s; end it with: kill -9 {}",
             servers.front().process, kPatience.count(), servers.front().process);
    print_output("{} has ended\n", servers.front().address);
    return 0;
}

}  // namespace ovenbird
