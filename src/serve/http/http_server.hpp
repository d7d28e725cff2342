#pragma once
// The HTTP server of the Rust bridge (hyper), with a C++ face: a blocking handler for each request.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ovenbird {

struct HttpRequest {
    enum class Fault { none, too_large, too_slow, broken };

    std::string method{};
    std::string path{};
    std::string query{};                           // behind the '?', as it was sent
    std::map<std::string, std::string> headers{};  // names in lower case
    std::string_view body{};                       // empty where there is a fault
    Fault fault = Fault::none;

    /// Empty where it was not sent.
    const std::string& header(const std::string& name) const;
};

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// The answer to one request, sent in pieces. One thread at a time, but for is_gone().
class HttpReply {
public:
    virtual ~HttpReply() = default;
    /// Once. False: the client has gone.
    virtual bool begin(int status, const HttpHeaders& headers) = 0;
    /// Waits for a slow client. False: it has gone.
    virtual bool send(std::string_view piece) = 0;
    virtual bool is_gone() const = 0;
};

using HttpHandler = std::function<void(const HttpRequest&, HttpReply&)>;

struct HttpOptions {
    std::string host = "127.0.0.1";
    int port = 0;             // 0: any that is free
    std::string unix_socket;  // a path, instead of an address
    int descriptor = -1;      // a listening socket that this process was given, instead of both
    uint64_t body_bytes = uint64_t{32} << 20;
    uint64_t header_bytes = 64 << 10;
    std::chrono::milliseconds header_time{30'000};
    std::chrono::milliseconds body_time{60'000};
    std::chrono::milliseconds send_time{60'000};  // that a client may read nothing
    int connections = 256;                        // more wait
};

struct HttpAnswer {
    int status = 0;
    std::string body;
};
/// GET from a server of this machine, at its address(). Errors: io (nobody answers within 5 s).
HttpAnswer http_get(const std::string& address, const std::string& path);

/// Listens from its making on, in threads of its own.
class HttpServer {
public:
    /// `handler` is called in several threads at once; what it throws ends that answer. Errors: io (the
    /// address cannot be had).
    HttpServer(const HttpOptions& options, HttpHandler handler);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// "127.0.0.1:11435", "unix:/run/ovenbird.sock".
    const std::string& address() const { return address_; }
    /// No new connections; answers under way may take so long.
    void stop(std::chrono::milliseconds grace);

private:
    struct Bridge;
    std::unique_ptr<Bridge> bridge_;
    std::string address_;
};

}  // namespace ovenbird
