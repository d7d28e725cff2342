#pragma once
// The endpoints: method and path to the function that answers.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/serving.hpp"

namespace ovenbird {

/// One request as an endpoint sees it.
struct Asked {
    const Serving& serving;
    const HttpRequest& request;
    HttpReply& reply;
    std::string name;  // what stood in the path's place for a name, decoded
};

struct Route {
    const char* method;
    /// A path; a "*" at its end stands for a name, which may hold slashes.
    const char* path;
    std::function<void(const Asked&)> answer;
    /// How an error is told where nothing was answered yet.
    const ApiFormat& format;
};

/// Each room's own endpoints.
std::vector<Route> openai_routes();
std::vector<Route> anthropic_routes();
std::vector<Route> responses_routes();
std::vector<Route> ollama_routes();
std::vector<Route> embedding_routes();
std::vector<Route> operation_routes();
std::vector<Route> page_routes();

/// All of them.
const std::vector<Route>& all_routes();

/// Finds the endpoint and calls it; what it throws, and a path or method that is not known, is told in the
/// form of the API that the path belongs to. Answers HEAD as GET, and OPTIONS by itself.
void dispatch(const Serving& serving, const HttpRequest& request, HttpReply& reply);

/// "%2F" → "/". What is no code stays as it is.
std::string percent_decoded(std::string_view text);

}  // namespace ovenbird
