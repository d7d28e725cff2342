#include <fmt/format.h>

#include "base/error.hpp"
#include "hub/model_name.hpp"
#include "hub/store.hpp"
#include "serve/api/duration.hpp"
#include "serve/api/fields.hpp"
#include "serve/api/ollama.hpp"
#include "serve/embedding.hpp"
#include "serve/model_card.hpp"
#include "serve/routes.hpp"

namespace ovenbird {
namespace {

// Clients look whether it is new enough for them: 0.6.4 is the newest that one of them asks for.
constexpr const char* kSpokenVersion = "0.12.0";

std::optional<HostStatus> status_of(const Serving& serving, const OfferedModel& model) {
    for (const auto& [name, host] : serving.shelf.hosts()) {
        if (name == model.name) return host->status();
    }
    return std::nullopt;
}

Json details_json(const ModelCard& card) {
    return {{"parent_model", ""},
            {"format", "openvino"},
            {"family", card.architecture},
            {"families", Json::array({card.architecture})},
            {"parameter_size", parameter_size(card.parameters)},
            {"quantization_level", card.weights.empty() ? "unknown" : card.weights}};
}

Json capabilities_json(const OfferedModel& model, const ModelCard& card) {
    Json capabilities = Json::array({capability(model)});
    if (is_embedder(model)) return capabilities;
    if (card.takes_tools) capabilities.push_back("tools");
    if (card.thinks) capabilities.push_back("thinking");
    return capabilities;
}

Json tag_json(const OfferedModel& model, const ModelCard& card, const std::string& name) {
    return {{"name", name},
            {"model", name},
            {"modified_at", iso_time(model.made_at)},
            {"size", model.bytes},
            {"digest", card.digest},
            {"details", details_json(card)},
            {"capabilities", capabilities_json(model, card)}};
}

void version(const Asked& asked) {
    send_json(asked.reply, 200, {{"version", kSpokenVersion}, {"ovenbird", asked.serving.version}});
}

void tags(const Asked& asked) {
    Json models = Json::array();
    for (const auto& model : asked.serving.shelf.offered()) {
        const ModelCard card = model_card(model);
        models.push_back(tag_json(model, card, model.name));
        for (const auto& alias : model.aliases)
            models.push_back(tag_json(model, card, alias));
    }
    send_json(asked.reply, 200, {{"models", std::move(models)}});
}

void loaded(const Asked& asked) {
    constexpr int64_t kNever = 253402300799;  // the year 9999
    Json models = Json::array();
    for (const auto& model : asked.serving.shelf.offered()) {
        const auto status = status_of(asked.serving, model);
        if (!status || status->state == HostStatus::State::unloaded) continue;
        const ModelCard card = model_card(model);
        Json json = tag_json(model, card, model.name);
        const auto at = status->unloads_at;
        json["expires_at"] = iso_time(at ? std::chrono::system_clock::to_time_t(*at) : kNever);
        json["size_vram"] = 0;
        json["context_length"] = status->facts ? status->facts->context_tokens : card.context_tokens;
        models.push_back(std::move(json));
    }
    send_json(asked.reply, 200, {{"models", std::move(models)}});
}

// Whoever opened the model knows better than its folder.
ModelCard known_card(const Asked& asked, const OfferedModel& model) {
    ModelCard card = model_card(model);
    const auto status = status_of(asked.serving, model);
    if (!status || !status->facts) return card;
    card.context_tokens = status->facts->context_tokens;
    card.takes_tools = !status->facts->tool_format.empty();
    card.thinks = status->facts->thinks;
    return card;
}

void show(const Asked& asked) {
    const auto model = asked.serving.shelf.find(read_ollama_model(parse_body(asked.request.body)));
    const ModelCard card = known_card(asked, model);
    Json info{{"general.architecture", card.architecture}, {"general.basename", model.name}};
    if (card.parameters > 0) info["general.parameter_count"] = card.parameters;
    if (card.context_tokens > 0) info[card.architecture + ".context_length"] = card.context_tokens;
    if (card.embedding_length > 0) info[card.architecture + ".embedding_length"] = card.embedding_length;
    send_json(asked.reply, 200,
              {{"modelfile", ""},
               {"parameters", ""},
               {"template", card.source},
               {"details", details_json(card)},
               {"model_info", std::move(info)},
               {"capabilities", capabilities_json(model, card)},
               {"modified_at", iso_time(model.made_at)}});
}

// Nothing to answer: the model is opened, or ended.
void open_or_end(const Asked& asked, const Call& call, const ApiFormat& format) {
    const auto model = asked.serving.shelf.find(call.model);
    const auto host = asked.serving.shelf.host(model);
    const bool ends = call.keep_alive_s == 0;
    if (call.keep_alive_s && !ends) host->set_keep_alive(std::chrono::seconds(*call.keep_alive_s));
    Patient patient(asked.serving, asked.reply);
    if (ends) {
        if (!host->unload())
            throw ApiError(409, "invalid_request_error",
                           call.model + " is answering; ask again when it is done");
    } else if (!host->load(patient)) {
        return;
    }
    const AnswerFacts facts{call.model, fresh_id(), std::time(nullptr), ""};
    const Json json = ollama_opened(format, facts, ends ? "unload" : "load");
    if (!call.stream) return send_json(asked.reply, 200, json);
    if (asked.reply.begin(200, {{"content-type", "application/x-ndjson"}}))
        asked.reply.send(json.dump() + "\n");
}

void answer_ollama(const Asked& asked, const OllamaCall& read, const ApiFormat& format) {
    if (!read.answers) return open_or_end(asked, read.call, format);
    answer_call(asked.serving, read.call, format, asked.reply);
}

void remove(const Asked& asked) {
    const std::string name = read_ollama_model(parse_body(asked.request.body));
    if (asked.serving.puller == nullptr)
        throw ApiError(403, "invalid_request_error",
                       "this server was started with --read-only: it deletes no models");
    const auto model = asked.serving.shelf.find(name);
    const auto stored = parse_model_name(model.name);
    if (!stored || model.folder != baked_place(model_store(), *stored))
        throw ApiError(403, "invalid_request_error",
                       fmt::format("{} was not baked by its name: delete its folder {} yourself", name,
                                   model.folder.string()));
    if (!asked.serving.shelf.forget(model.name))
        throw ApiError(409, "invalid_request_error", name + " is answering; try again");
    remove_stored(model_store(), *stored);
    send_json(asked.reply, 200, Json::object());
}

bool is_offered(const Asked& asked, const std::string& name) {
    try {
        (void)asked.serving.shelf.find(name);
        return true;
    } catch (const Error& error) {
        if (error.code() != ErrorCode::not_found) throw;
        return false;
    }
}

// A bar of Ollama's clients is what has a digest: one for each thing that is fetched or made.
Json pull_line(Json line) {
    line.erase("place");
    line.erase("unit");
    if (line.contains("total")) line["digest"] = line.value("status", "");
    return line;
}

// One object a line; an error that comes in the middle is a line, too.
class PullReply {
public:
    PullReply(const Asked& asked, bool stream) : asked_(asked), stream_(stream) {}
    bool tell(const Json& line) {
        if (!stream_) return !asked_.reply.is_gone();
        if (!is_begun_ && !asked_.reply.begin(200, {{"content-type", "application/x-ndjson"}})) return false;
        is_begun_ = true;
        return asked_.reply.send(line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
    }
    void succeed() {
        if (stream_) {
            tell({{"status", "success"}});
        } else {
            send_json(asked_.reply, 200, {{"status", "success"}});
        }
    }
    bool is_begun() const { return is_begun_; }

private:
    const Asked& asked_;
    const bool stream_;
    bool is_begun_ = false;
};

void pull(const Asked& asked) {
    const Json body = parse_body(asked.request.body);
    const std::string asked_name = read_ollama_model(body);
    PullReply reply(asked, Fields(body).boolean("stream").value_or(true));
    if (is_offered(asked, asked_name)) return reply.succeed();
    const auto name = parse_model_name(asked_name);
    if (!name)
        throw ApiError(404, "not_found_error",
                       fmt::format("'{}' is no name of a hub's model: it looks like ORG/NAME", asked_name),
                       "model");
    if (asked.serving.puller == nullptr)
        throw ApiError(403, "invalid_request_error",
                       "this server was started with --read-only: it adds no models");
    if (asked.serving.log) asked.serving.log(fmt::format("{}: pulled for a client", name->text()));
    try {
        const bool whole = asked.serving.puller->pull(name->text(), [&](const Json& line) {
            const bool ends = asked.serving.stopping && asked.serving.stopping();
            return !ends && (line.contains("place") || reply.tell(pull_line(line)));
        });
        if (whole) return reply.succeed();
        if (asked.serving.log) asked.serving.log(name->text() + ": the client has gone, the pull is ended");
    } catch (const Error& error) {
        if (!reply.is_begun()) throw;
        reply.tell({{"error", error.what()}});
    }
}

void not_here(const Asked& asked) {
    throw ApiError(501, "invalid_request_error",
                   asked.request.path + " is not part of this server; docs/serve.md lists what is");
}

}  // namespace

std::vector<Route> ollama_routes() {
    const auto& format = ollama_chat_format();
    std::vector<Route> routes{
        {"GET", "/api/version", version, format},
        {"GET", "/api/tags", tags, format},
        {"GET", "/api/ps", loaded, format},
        {"POST", "/api/show", show, format},
        {"POST", "/api/chat",
         [](const Asked& asked) {
             answer_ollama(asked, read_ollama_chat(parse_body(asked.request.body)), ollama_chat_format());
         },
         format},
        {"POST", "/api/generate",
         [](const Asked& asked) {
             answer_ollama(asked, read_ollama_generate(parse_body(asked.request.body)),
                           ollama_generate_format());
         },
         format},
        {"DELETE", "/api/delete", remove, format},
        {"POST", "/api/pull", pull, format},
    };
    for (const char* path : {"/api/create", "/api/push", "/api/copy"})
        routes.push_back({"POST", path, not_here, format});
    return routes;
}

}  // namespace ovenbird
