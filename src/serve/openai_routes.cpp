#include <fmt/format.h>

#include "serve/api/duration.hpp"
#include "serve/api/fields.hpp"
#include "serve/api/openai_chat.hpp"
#include "serve/api/openai_completions.hpp"
#include "serve/embedding.hpp"
#include "serve/routes.hpp"

namespace ovenbird {
namespace {

// As OpenAI's clients and Anthropic's, which ask the same path, expect a model.
Json model_json(const Serving& serving, const OfferedModel& model, const std::string& id) {
    Json meta{{"context_length", nullptr}, {"device", nullptr}, {"loaded", false}, {"bytes", model.bytes}};
    if (model.manifest && model.manifest->context > 0) meta["context_length"] = model.manifest->context;
    if (model.manifest && model.manifest->embedding) {
        meta["context_length"] = model.manifest->embedding->most_tokens();
        meta["embedding_length"] = model.manifest->embedding->dimension;
    }
    for (const auto& [name, host] : serving.shelf.hosts()) {
        if (name != model.name) continue;
        const HostStatus status = host->status();
        meta["loaded"] = status.state != HostStatus::State::unloaded;
        if (!status.facts) continue;
        const auto& facts = *status.facts;
        meta["device"] = facts.device;
        meta["context_length"] = facts.context_tokens;
        meta["defaults"] = {{"temperature", facts.defaults.temperature},
                            {"top_p", facts.defaults.top_p},
                            {"top_k", facts.defaults.top_k},
                            {"min_p", facts.defaults.min_p}};
        meta["tools"] = facts.tool_format;
        meta["thinking"] = facts.thinks;
    }
    return {{"id", id},
            {"object", "model"},
            {"created", model.made_at},
            {"owned_by", "ovenbird"},
            {"type", "model"},
            {"display_name", id},
            {"capabilities", Json::array({capability(model)})},
            {"created_at", iso_time(model.made_at)},
            {"meta", std::move(meta)}};
}

void list_models(const Asked& asked) {
    Json data = Json::array();
    for (const auto& model : asked.serving.shelf.offered()) {
        data.push_back(model_json(asked.serving, model, model.name));
        for (const auto& alias : model.aliases)
            data.push_back(model_json(asked.serving, model, alias));
    }
    const Json first = data.empty() ? Json(nullptr) : data.front().at("id");
    const Json last = data.empty() ? Json(nullptr) : data.back().at("id");
    send_json(asked.reply, 200,
              {{"object", "list"},
               {"data", std::move(data)},
               {"has_more", false},
               {"first_id", first},
               {"last_id", last}});
}

void show_model(const Asked& asked) {
    send_json(asked.reply, 200, model_json(asked.serving, asked.serving.shelf.find(asked.name), asked.name));
}

}  // namespace

std::vector<Route> openai_routes() {
    const auto& chat = openai_chat_format();
    const auto& text = openai_completions_format();
    return {
        {"POST", "/v1/chat/completions",
         [](const Asked& asked) {
             answer_call(asked.serving, read_openai_chat(parse_body(asked.request.body)),
                         openai_chat_format(), asked.reply);
         },
         chat},
        {"POST", "/v1/completions",
         [](const Asked& asked) {
             answer_call(asked.serving, read_openai_completion(parse_body(asked.request.body)),
                         openai_completions_format(), asked.reply);
         },
         text},
        {"GET", "/v1/models", list_models, chat},
        {"GET", "/v1/models/*", show_model, chat},
    };
}

}  // namespace ovenbird
