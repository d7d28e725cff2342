#include "serve/guard.hpp"

#include <algorithm>

namespace ovenbird {
namespace {

constexpr std::string_view kBearer = "Bearer ";

// Public: a probe has no key.
bool is_open(const HttpRequest& request) {
    return request.path == "/health" || request.path == "/" || request.path == "/favicon.ico" ||
           request.method == "OPTIONS";
}

// In a time that does not tell how much of it was right.
bool same(const std::string& a, const std::string& b) {
    unsigned char differs = a.size() == b.size() ? 0 : 1;
    for (size_t i = 0; i < a.size(); ++i)
        differs |= static_cast<unsigned char>(a[i] ^ b[b.empty() ? 0 : i % b.size()]);
    return differs == 0 && !b.empty();
}

// "localhost:1" → "localhost", "[::1]:1" → "::1".
std::string without_port(const std::string& host) {
    if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
    return host.substr(0, host.find(':'));
}

bool is_loopback(const std::string& name) {
    return name == "localhost" || name == "::1" || name.ends_with(".localhost") ||
           (name.starts_with("127.") && name.find_first_not_of("0123456789.") == std::string::npos);
}

bool contains(const std::vector<std::string>& list, const std::string& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

}  // namespace

bool Guard::knows_host(const std::string& host) const {
    if (any_host || host.empty()) return true;  // HTTP/1.0 sends none, and no browser speaks it
    const std::string name = without_port(host);
    return is_loopback(name) || contains(hosts, name) || contains(hosts, host);
}

bool Guard::knows_key(const HttpRequest& request) const {
    if (keys.empty() || is_open(request)) return true;
    const std::string& bearer = request.header("authorization");
    std::string shown = request.header("x-api-key");
    if (bearer.size() > kBearer.size() && bearer.starts_with(kBearer)) shown = bearer.substr(kBearer.size());
    return std::any_of(keys.begin(), keys.end(), [&](const auto& key) { return same(shown, key); });
}

// A page of this server's own, or one that is allowed.
bool Guard::knows_origin(const HttpRequest& request) const {
    const std::string& origin = request.header("origin");
    if (origin.empty() || contains(origins, "*") || contains(origins, origin)) return true;
    const size_t name = origin.find("://");
    return name != std::string::npos && origin.substr(name + 3) == request.header("host");
}

std::optional<Guard::Refusal> Guard::refuse(const HttpRequest& request) const {
    if (!knows_host(request.header("host")))
        return Refusal{
            403, "this server is not called '" + request.header("host") + "'; --allow-host makes it so"};
    if (!knows_origin(request))
        return Refusal{403, "pages of " + request.header("origin") +
                                " may not ask this server; --cors-origin lets them"};
    if (!knows_key(request))
        return Refusal{401, "the API key is missing or wrong: Authorization: Bearer KEY"};
    return std::nullopt;
}

HttpHeaders Guard::cors(const HttpRequest& request) const {
    const std::string& origin = request.header("origin");
    if (origin.empty() || !(contains(origins, "*") || contains(origins, origin))) return {};
    HttpHeaders headers{{"access-control-allow-origin", origin}, {"vary", "origin"}};
    if (request.method != "OPTIONS") return headers;
    headers.emplace_back("access-control-allow-methods", "GET, POST, DELETE, OPTIONS");
    const std::string& wanted = request.header("access-control-request-headers");
    headers.emplace_back("access-control-allow-headers",
                         wanted.empty() ? "authorization, content-type, x-api-key" : wanted);
    headers.emplace_back("access-control-max-age", "600");
    if (!request.header("access-control-request-private-network").empty())
        headers.emplace_back("access-control-allow-private-network", "true");
    return headers;
}

}  // namespace ovenbird
