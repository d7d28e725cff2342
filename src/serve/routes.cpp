#include "serve/routes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "serve/api/anthropic.hpp"
#include "serve/api/openai_chat.hpp"

namespace ovenbird {
namespace {

// Nothing: the path is another one.
std::optional<std::string> name_in(const Route& route, const std::string& path) {
    const std::string_view pattern = route.path;
    if (!pattern.ends_with('*')) return path == pattern ? std::optional(std::string()) : std::nullopt;
    const std::string_view before = pattern.substr(0, pattern.size() - 1);
    if (!path.starts_with(before) || path.size() == before.size()) return std::nullopt;
    return percent_decoded(std::string_view(path).substr(before.size()));
}

std::string without_last_slash(std::string path) {
    while (path.size() > 1 && path.ends_with('/'))
        path.pop_back();
    return path;
}

void tell_fault(const HttpRequest& request) {
    switch (request.fault) {
        case HttpRequest::Fault::none:
            return;
        case HttpRequest::Fault::too_large:
            throw ApiError(413, "invalid_request_error",
                           "the request's body is larger than this server takes (--max-body)");
        case HttpRequest::Fault::too_slow:
            throw ApiError(408, "invalid_request_error", "the request's body did not come in time");
        case HttpRequest::Fault::broken:
            throw ApiError(400, "invalid_request_error", "the request's body is broken");
    }
}

}  // namespace

std::string percent_decoded(std::string_view text) {
    std::string decoded;
    const auto digit = [](char c) {
        const auto found = std::string_view("0123456789abcdef").find(static_cast<char>(c | 0x20));
        return c >= '0' && c <= '9'              ? c - '0'
               : found == std::string_view::npos ? -1
                                                 : static_cast<int>(found);
    };
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
            decoded += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
            i += 2;
        } else {
            decoded += text[i];
        }
    }
    return decoded;
}

const std::vector<Route>& all_routes() {
    static const std::vector<Route> kRoutes = [] {
        std::vector<Route> all;
        for (const auto& some : {openai_routes(), anthropic_routes(), responses_routes(), ollama_routes(),
                                 embedding_routes(), operation_routes(), page_routes()}) {
            for (const auto& route : some)
                all.push_back(route);
        }
        return all;
    }();
    return kRoutes;
}

void dispatch(const Serving& serving, const HttpRequest& request, HttpReply& reply) {
    const std::string path = without_last_slash(request.path);
    const std::string method = request.method == "HEAD" ? "GET" : request.method;
    const Route* here = nullptr;  // the path is known, whatever the method
    std::string allowed;
    for (const auto& route : all_routes()) {
        const auto name = name_in(route, path);
        if (!name) continue;
        here = &route;
        allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", route.method);
        if (method != route.method) continue;
        try {
            tell_fault(request);
            route.answer({serving, request, reply, *name});
        } catch (const std::exception& error) {
            send_error(reply, route.format, api_error(error));
        }
        return;
    }
    if (request.method == "OPTIONS") {
        reply.begin(204, {{"allow", allowed.empty() ? "GET, POST" : allowed}});
        return;
    }
    const auto& elsewhere = path.starts_with("/v1/messages/") ? anthropic_format() : openai_chat_format();
    const auto& format = here != nullptr ? here->format : elsewhere;
    const ApiError error =
        here != nullptr
            ? ApiError(405, "invalid_request_error",
                       fmt::format("{} does not take {}; it takes {}", path, request.method, allowed))
            : ApiError(404, "invalid_request_error",
                       fmt::format("there is no {} here; docs/serve.md lists what there is", path));
    send_error(reply, format, error);
}

}  // namespace ovenbird
