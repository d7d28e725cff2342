#include "serve/http/http_server.hpp"

#include <algorithm>

#include "base/bridge_text.hpp"
#include "base/error.hpp"
#include "base/json.hpp"

namespace ovenbird {
namespace {

HttpRequest::Fault fault_of(const std::string& name) {
    if (name == "too_large") return HttpRequest::Fault::too_large;
    if (name == "too_slow") return HttpRequest::Fault::too_slow;
    return name.empty() ? HttpRequest::Fault::none : HttpRequest::Fault::broken;
}

HttpRequest request_of(const ObExchange* exchange) {
    BridgeText text;
    ob_exchange_head(exchange, text.out());
    const Json json = Json::parse(text.str());
    HttpRequest request;
    request.method = json.at("method");
    request.path = json.at("path");
    request.query = json.at("query");
    request.fault = fault_of(json.at("fault"));
    for (const auto& [name, value] : json.at("headers").items())
        request.headers[name] = value.get<std::string>();
    size_t size = 0;
    const auto* body = reinterpret_cast<const char*>(ob_exchange_body(exchange, &size));
    request.body = {body, size};
    return request;
}

class BridgeReply : public HttpReply {
public:
    explicit BridgeReply(ObExchange* exchange) : exchange_(exchange) {}
    BridgeReply(const BridgeReply&) = delete;
    BridgeReply& operator=(const BridgeReply&) = delete;
    ~BridgeReply() override { ob_exchange_finish(exchange_); }

    bool begin(int status, const HttpHeaders& headers) override {
        Json list = Json::array();
        for (const auto& [name, value] : headers)
            list.push_back(Json::array({name, value}));
        const std::string text = list.dump(-1, ' ', true, Json::error_handler_t::replace);
        BridgeText error;
        if (ob_exchange_begin(exchange_, static_cast<uint16_t>(status), text.data(), text.size(),
                              error.out()))
            return true;
        if (!error.str().empty())
            fail(ErrorCode::internal, "an answer's head cannot be sent: {}", error.str());
        return false;
    }
    bool send(std::string_view piece) override {
        return ob_exchange_send(exchange_, piece.data(), piece.size());
    }
    bool is_gone() const override { return ob_exchange_is_gone(exchange_); }

private:
    ObExchange* exchange_;
};

Json settings_of(const HttpOptions& options) {
    return {{"host", options.host},
            {"port", options.port},
            {"unix_socket", options.unix_socket},
            {"descriptor", options.descriptor},
            {"body_bytes", options.body_bytes},
            {"header_bytes", options.header_bytes},
            {"header_ms", options.header_time.count()},
            {"body_ms", options.body_time.count()},
            {"send_ms", options.send_time.count()},
            {"connections", options.connections}};
}

}  // namespace

const std::string& HttpRequest::header(const std::string& name) const {
    static const std::string kNone;
    const auto found = headers.find(name);
    return found == headers.end() ? kNone : found->second;
}

struct HttpServer::Bridge {
    explicit Bridge(HttpHandler called) : handler(std::move(called)) {}
    Bridge(const Bridge&) = delete;
    Bridge& operator=(const Bridge&) = delete;
    ~Bridge() { ob_server_free(server); }

    // What is thrown must not reach the bridge; the reply's end closes the connection.
    static void handle(void* user, ObExchange* exchange) {
        BridgeReply reply(exchange);
        try {
            static_cast<Bridge*>(user)->handler(request_of(exchange), reply);
        } catch (...) {
            return;
        }
    }

    HttpHandler handler;
    ObServer* server = nullptr;
};

HttpServer::HttpServer(const HttpOptions& options, HttpHandler handler)
    : bridge_(std::make_unique<Bridge>(std::move(handler))) {
    const std::string settings = settings_of(options).dump();
    BridgeText address, error;
    if (!ob_server_start(settings.data(), settings.size(), Bridge::handle, bridge_.get(), &bridge_->server,
                         address.out(), error.out()))
        fail(ErrorCode::io, "{}", error.str());
    address_ = address.str();
}

HttpServer::~HttpServer() = default;

void HttpServer::stop(std::chrono::milliseconds grace) {
    ob_server_stop(bridge_->server, static_cast<uint64_t>(std::max<int64_t>(grace.count(), 0)));
}

HttpAnswer http_get(const std::string& address, const std::string& path) {
    BridgeText body;
    BridgeText error;
    uint16_t status = 0;
    if (!ob_http_get(address.data(), address.size(), path.data(), path.size(), &status, body.out(),
                     error.out()))
        fail(ErrorCode::io, "{}", error.str());
    return {status, body.str()};
}

}  // namespace ovenbird
