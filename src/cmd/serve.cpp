#include "serve/server.hpp"

#include <cstdlib>
#include <sstream>
#include <thread>

#include "base/error.hpp"
#include "base/platform/files.hpp"
#include "base/platform/process.hpp"
#include "cmd/commands.hpp"
#include "cmd/engine_options.hpp"
#include "cmd/named_model.hpp"
#include "cmd/running_servers.hpp"
#include "cmd/server_log.hpp"
#include "hub/store.hpp"
#include "serve/api/duration.hpp"

namespace ovenbird {
namespace {

constexpr int kUsualPort = 11435;

struct Words {
    std::vector<std::string> models;
    EngineOptions engine;
    std::string host = "127.0.0.1";
    std::optional<int> port;
    std::string unix_socket;
    std::vector<std::string> keys;
    std::string key_file;
    bool allow_anonymous = false;
    std::vector<std::string> origins;
    std::vector<std::string> hosts;
    std::vector<std::string> aliases;
    std::string keep_alive = "30m";
    size_t most_loaded = 1;
    size_t most_waiting = 512;
    uint64_t most_body_mib = 32;
    uint64_t worker_memory_mib = 0;
    double step_limit_s = 3;
    bool lazy = false;
    bool quiet = false;
    bool read_only = false;
    std::string log_format = "text";
    bool status = false;
    bool stop = false;
    ConsoleOptions console;
};

bool parse(int argc, char** argv, Words& words) {
    CLI::App app("Answer over HTTP: OpenAI's API, for programs and tools that speak it", "ovenbird serve");
    app.add_option("models", words.models,
                   "Folders that ovenbird bake made, or ORG/NAME of a hub; NAME=FOLDER names one. The first "
                   "is opened at once. "
                   "Models that were baked by name are offered, too");
    app.add_option("--host", words.host, "Address to listen on; beyond this machine a key is needed")
        ->capture_default_str();
    app.add_option("--port", words.port, fmt::format("Usually {}; 0: any that is free", kUsualPort))
        ->check(CLI::Range(0, 65535));
    app.add_option("--unix-socket", words.unix_socket, "Listen on this path instead of an address");
    app.add_option("--api-key", words.keys, "Clients must show it; repeatable. Also: OVENBIRD_API_KEY")
        ->allow_extra_args(false);
    app.add_option("--api-key-file", words.key_file, "Keys, one a line");
    app.add_flag("--allow-anonymous", words.allow_anonymous, "Listen beyond this machine without a key");
    app.add_option("--cors-origin", words.origins,
                   "Pages of this origin may ask (https://example.org, or *); repeatable")
        ->allow_extra_args(false);
    app.add_option("--allow-host", words.hosts,
                   "Another name of this server, as a browser types it; repeatable")
        ->allow_extra_args(false);
    app.add_option("--alias", words.aliases, "ALIAS=NAME, or ALIAS for the first model; repeatable")
        ->allow_extra_args(false);
    app.add_option("--keep-alive", words.keep_alive,
                   "How long an idle model stays open: 30m, 1h, 90s; -1: for ever")
        ->capture_default_str();
    app.add_option("--max-loaded", words.most_loaded, "Models open at a time")
        ->capture_default_str()
        ->check(CLI::Range(1, 64));
    app.add_option("--max-queue", words.most_waiting, "Requests that may wait for a model; more get 503")
        ->capture_default_str();
    app.add_option("--max-body", words.most_body_mib, "Largest request, in MiB")
        ->capture_default_str()
        ->check(CLI::Range(1, 1024));
    app.add_option("--worker-memory", words.worker_memory_mib,
                   "A worker with more than so many MiB is started anew; 0: no limit")
        ->capture_default_str();
    app.add_option("--step-limit", words.step_limit_s,
                   "Seconds without progress after which a worker hangs; more where steps were slow")
        ->capture_default_str()
        ->check(CLI::Range(0.1, 3600.0));
    app.add_flag("--lazy", words.lazy, "Open the first model with its first request");
    app.add_flag("--quiet", words.quiet, "No line for each request");
    app.add_option("--log-format", words.log_format, "text, or json: an object a line, with its time")
        ->capture_default_str()
        ->check(CLI::IsMember({"text", "json"}));
    app.add_flag("--read-only", words.read_only, "Clients neither add models (/api/pull) nor delete them");
    auto* status =
        app.add_flag("--status", words.status, "Tell which servers of yours run here; 1: none does");
    app.add_flag("--stop", words.stop,
                 "End the server of yours that runs here; of several, the one at --port")
        ->excludes(status);
    add_place_options(app, words.engine);
    add_form_flags(app, words.engine);
    add_console_options(app, words.console);
    return parse_command(app, argc, argv);
}

std::vector<std::string> keys_of(const Words& words) {
    std::vector<std::string> keys = words.keys;
    if (const auto key = environment("OVENBIRD_API_KEY"); key && !key->empty()) keys.push_back(*key);
    if (!words.key_file.empty()) {
        std::istringstream lines(read_file(words.key_file, 1 << 20));
        for (std::string line; std::getline(lines, line);) {
            if (line.ends_with('\r')) line.pop_back();
            if (!line.empty()) keys.push_back(line);
        }
        if (keys.empty()) fail(ErrorCode::usage, "{}: there is no key in it", words.key_file);
    }
    return keys;
}

bool is_local(const Words& words) {
    return !words.unix_socket.empty() || words.host.starts_with("127.") || words.host == "localhost" ||
           words.host == "::1";
}

Guard guard_of(const Words& words, Reporter& reporter) {
    Guard guard{keys_of(words), words.origins, words.hosts, false};
    if (is_local(words)) return guard;
    guard.any_host = words.hosts.empty();
    if (!guard.keys.empty()) return guard;
    if (!words.allow_anonymous)
        fail(ErrorCode::usage, "--host {} lets others in: give --api-key, or --allow-anonymous", words.host);
    reporter.warn("WHOEVER REACHES " + words.host + " MAY USE THIS SERVER: THERE IS NO KEY");
    return guard;
}

std::map<std::string, std::string> aliases_of(const Words& words) {
    std::map<std::string, std::string> aliases;
    for (const auto& word : words.aliases) {
        const size_t equals = word.find('=');
        aliases[word.substr(0, equals)] = equals == std::string::npos ? "" : word.substr(equals + 1);
    }
    if (!aliases.empty() && words.models.empty())
        fail(ErrorCode::usage, "--alias needs a model on the command line");
    return aliases;
}

// A name of a hub is pulled and baked now, so that what cannot be had is known now.
std::vector<std::string> settled_models(const Words& words, Reporter& reporter) {
    std::vector<std::string> models;
    for (const auto& word : words.models) {
        const size_t equals = word.find('=');
        const std::string place = equals == std::string::npos ? word : word.substr(equals + 1);
        std::error_code error;
        const bool is_folder = std::filesystem::is_directory(place, error);
        const std::string name = equals != std::string::npos ? word.substr(0, equals)
                                 : is_folder                 ? ""
                                                             : place;
        const std::string folder = baked_folder(place, reporter).string();
        models.push_back(name.empty() ? folder : fmt::format("{}={}", name, folder));
    }
    return models;
}

SessionOptions session_options(const Words& words) {
    const DeviceOptions device = device_options(words.engine);
    SessionOptions options;
    options.devices = device.devices;
    options.properties = device.properties;
    options.compiled_cache = device.cache_folder;
    options.tokenizer = words.engine.tokenizer;
    options.form = words.engine.form;
    options.validate = words.engine.validate;
    return options;
}

std::chrono::seconds keep_alive_seconds(const std::string& text) {
    const auto time = duration_of(text);
    if (!time) fail(ErrorCode::usage, "--keep-alive {}: expected 30m, 1h, 90s, or -1 for ever", text);
    return *time;
}

std::vector<std::string> worker_of_server() {
    // Another program in the worker's place, for tests.
    if (const auto other = environment("OVENBIRD_WORKER"); other && !other->empty())
        return {*other, "worker"};
    return {own_program().string(), "worker"};
}

ServerOptions server_options(const Words& words, ServerLog& log) {
    const auto tell = [&log](const std::string& text) { log.note(text); };
    ServerOptions options;
    options.http.host = words.host;
    options.http.port = words.port.value_or(kUsualPort);
    options.http.unix_socket = words.unix_socket;
    options.http.descriptor = inherited_socket();
    options.http.body_bytes = words.most_body_mib << 20U;
    options.guard = guard_of(words, log);
    options.shelf.models = settled_models(words, log);
    options.shelf.aliases = aliases_of(words);
    options.shelf.store = model_store();
    options.shelf.how = session_options(words);
    options.shelf.most_loaded = words.most_loaded;
    options.shelf.host.worker = worker_of_server();
    options.shelf.host.most_waiting = words.most_waiting;
    options.shelf.host.keep_alive = keep_alive_seconds(words.keep_alive);
    options.shelf.host.limits.memory_bytes = words.worker_memory_mib << 20U;
    options.shelf.host.limits.step.least =
        std::chrono::milliseconds(static_cast<int64_t>(words.step_limit_s * 1000));
    options.shelf.host.log = tell;
    if (!words.read_only) options.pull_command = {own_program().string(), "pull"};
    options.version = OVENBIRD_VERSION;
    options.log = tell;
    if (!words.quiet) options.log_request = [&log](const AnsweredRequest& request) { log.request(request); };
    return options;
}

int work(const Words& words, Reporter& reporter) {
    install_interrupt_handler();
    ServerLog log(reporter, words.log_format == "json");
    Server server(server_options(words, log));
    log.note(server.address().starts_with("unix:") ? "listening on " + server.address()
                                                   : "listening on http://" + server.address());
    const ServerSign sign(running_servers_folder(), server.address());
    if (!sign.fault().empty()) log.debug("--status and --stop will not find this server: " + sign.fault());
    tell_service_manager("READY=1");
    if (!words.lazy) server.open_first();
    while (!interrupted())
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    tell_service_manager("STOPPING=1");
    forget_interrupt();
    log.note("ending: answers under way may take 10 s; Ctrl-C ends them now");
    server.stop(std::chrono::seconds(10), interrupted);
    return 0;
}

}  // namespace

int serve_command(int argc, char** argv) {
    Words words;
    if (!parse(argc, argv, words)) return 0;
    if (words.status) return tell_servers();
    if (words.stop) return stop_server(words.port);
    return with_console(words.console, [&](ConsoleReporter& reporter) { return work(words, reporter); });
}

}  // namespace ovenbird
