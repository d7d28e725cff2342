#include <fmt/format.h>

#include "base/error.hpp"
#include "serve/api/fields.hpp"
#include "serve/api/openai_chat.hpp"
#include "serve/routes.hpp"

namespace ovenbird {
namespace {

const char* state_name(HostStatus::State state) {
    switch (state) {
        case HostStatus::State::unloaded:
            return "unloaded";
        case HostStatus::State::loading:
            return "loading";
        case HostStatus::State::ready:
            return "ready";
        case HostStatus::State::answering:
            return "answering";
    }
    return "unloaded";
}

Json status_json(const std::string& name, const HostStatus& status) {
    Json json{{"model", name},
              {"state", state_name(status.state)},
              {"waiting", status.waiting},
              {"worker", status.process},
              {"faults", status.faults}};
    if (!status.last_fault.empty()) json["last_fault"] = status.last_fault;
    if (!status.facts) return json;
    json["device"] = status.facts->device;
    json["fallback"] = status.facts->fallbacks;
    json["notes"] = status.facts->notes;
    return json;
}

// 503 only while the first model is being opened: one that is not wanted yet is opened by its first request.
void health(const Asked& asked) {
    Json models = Json::array();
    bool is_loading = false;
    Json answer{{"status", "ok"}};
    for (const auto& [name, host] : asked.serving.shelf.hosts()) {
        const HostStatus status = host->status();
        is_loading = is_loading || (status.state == HostStatus::State::loading && !status.facts);
        if (status.facts && !answer.contains("device")) {
            answer["device"] = status.facts->device;
            answer["fallback"] = status.facts->fallbacks;
        }
        models.push_back(status_json(name, status));
    }
    if (is_loading)
        return send_json(
            asked.reply, 503,
            {{"error", {{"code", 503}, {"message", "Loading model"}, {"type", "unavailable_error"}}},
             {"models", models}});
    answer["models"] = std::move(models);
    send_json(asked.reply, 200, answer);
}

void metrics(const Asked& asked) {
    Metrics::Gauges gauges;
    for (const auto& [name, host] : asked.serving.shelf.hosts()) {
        const HostStatus status = host->status();
        gauges.waiting += static_cast<int64_t>(status.waiting);
        gauges.worker_faults += status.faults;
        gauges.loaded[name] = status.state != HostStatus::State::unloaded;
    }
    if (asked.reply.begin(200, {{"content-type", "text/plain; version=0.0.4"}}))
        asked.reply.send(asked.serving.metrics.text(gauges));
}

void tokenize(const Asked& asked) {
    const Json body = parse_body(asked.request.body);
    const Fields fields(body);
    const std::string text = fields.text("content").value_or(fields.text("prompt").value_or(""));
    const bool special =
        fields.boolean("add_special").value_or(fields.boolean("add_special_tokens").value_or(false));
    const TextEvent answer = worker_text(asked.serving, asked.reply, fields.needed_text("model"),
                                         {{"do", order::kEncode}, {"text", text}, {"special", special}});
    send_json(asked.reply, 200, {{"tokens", answer.ids}, {"count", answer.ids.size()}});
}

void detokenize(const Asked& asked) {
    const Json body = parse_body(asked.request.body);
    const Fields fields(body);
    const Json& tokens = fields.array("tokens");
    Json ids = Json::array();
    for (size_t i = 0; i < tokens.size(); ++i) {
        if (!tokens[i].is_number_integer()) refuse("tokens", "tokens must be a list of whole numbers");
        ids.push_back(tokens[i]);
    }
    const TextEvent answer = worker_text(asked.serving, asked.reply, fields.needed_text("model"),
                                         {{"do", order::kDecode}, {"ids", ids}});
    send_json(asked.reply, 200, {{"content", answer.text}, {"prompt", answer.text}});
}

}  // namespace

std::vector<Route> operation_routes() {
    const auto& format = openai_chat_format();
    return {
        {"GET", "/health", health, format},         {"GET", "/metrics", metrics, format},
        {"POST", "/v1/tokenize", tokenize, format}, {"POST", "/v1/detokenize", detokenize, format},
        {"POST", "/tokenize", tokenize, format},    {"POST", "/detokenize", detokenize, format},
    };
}

}  // namespace ovenbird
