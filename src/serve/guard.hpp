#pragma once
// Who may ask what: keys, origins, and names of this host. Decided from a request's head alone.

#include <optional>
#include <string>
#include <vector>

#include "serve/http/http_server.hpp"

namespace ovenbird {

struct Guard {
    std::vector<std::string> keys{};     // of these, one must be shown; none: everybody may ask
    std::vector<std::string> origins{};  // of pages elsewhere that may ask; "*": all
    /// Names by which this server is called, besides addresses of the loopback; empty: any. Guards against a
    /// page whose name was made to point here (DNS rebinding).
    std::vector<std::string> hosts{};
    bool any_host = false;

    struct Refusal {
        int status = 403;
        std::string message{};
    };
    /// Nothing: it may go on.
    std::optional<Refusal> refuse(const HttpRequest& request) const;
    /// What a page elsewhere is told, for its browser; empty where it is not allowed, or there is none.
    HttpHeaders cors(const HttpRequest& request) const;

private:
    bool knows_host(const std::string& host) const;
    bool knows_key(const HttpRequest& request) const;
    bool knows_origin(const HttpRequest& request) const;
};

}  // namespace ovenbird
