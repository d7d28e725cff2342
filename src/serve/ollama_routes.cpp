#include <fmt/format.h>

#include "base/error.hpp"
#include "hub/model_name.hpp"
#include "hub/store.hpp"
#include "serve/api/duration.hpp"
#include "serve/api/fields.hpp"
#include "serve/api/ollama.hpp"
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

std::string model_type(const OfferedModel& model) {
    return model.manifest ? model.manifest->model_type : "unknown";
}

// "INT4", as far as the bake tells.
std::string level_of(const OfferedModel& model) {
    if (!model.manifest) return "unknown";
    const auto& options = model.manifest->options;
    const int bits = options.is_object() ? options.value("bits", 4) : 4;
    return bits == 16 ? "F16" : fmt::format("INT{}", bits);
}

// Clients want one to tell models apart. It names the folder as it is now; it is no hash of what is in it.
std::string digest_of(const OfferedModel& model) {
    const uint64_t seed =
        std::hash<std::string>()(model.name + std::to_string(model.made_at) + std::to_string(model.bytes));
    return fmt::format("{:016x}{:016x}{:016x}{:016x}", seed, seed * 0x9E3779B97F4A7C15,
                       seed ^ 0xD1B54A32D192ED03, ~seed);
}

Json details_of(const OfferedModel& model) {
    return {{"parent_model", ""},          {"format", "openvino"},
            {"family", model_type(model)}, {"families", Json::array({model_type(model)})},
            {"parameter_size", ""},        {"quantization_level", level_of(model)}};
}

Json tag_json(const OfferedModel& model, const std::string& name) {
    return {{"name", name},
            {"model", name},
            {"modified_at", iso_time(model.made_at)},
            {"size", model.bytes},
            {"digest", digest_of(model)},
            {"details", details_of(model)}};
}

void version(const Asked& asked) {
    send_json(asked.reply, 200, {{"version", kSpokenVersion}, {"ovenbird", asked.serving.version}});
}

void tags(const Asked& asked) {
    Json models = Json::array();
    for (const auto& model : asked.serving.shelf.offered()) {
        models.push_back(tag_json(model, model.name));
        for (const auto& alias : model.aliases)
            models.push_back(tag_json(model, alias));
    }
    send_json(asked.reply, 200, {{"models", std::move(models)}});
}

void loaded(const Asked& asked) {
    constexpr int64_t kNever = 253402300799;  // the year 9999
    Json models = Json::array();
    for (const auto& model : asked.serving.shelf.offered()) {
        const auto status = status_of(asked.serving, model);
        if (!status || status->state == HostStatus::State::unloaded) continue;
        Json json = tag_json(model, model.name);
        const auto at = status->unloads_at;
        json["expires_at"] = iso_time(at ? std::chrono::system_clock::to_time_t(*at) : kNever);
        json["size_vram"] = 0;
        if (status->facts) json["context_length"] = status->facts->context_tokens;
        models.push_back(std::move(json));
    }
    send_json(asked.reply, 200, {{"models", std::move(models)}});
}

// What a model can do is known once it is open.
ModelFacts facts_of(const Asked& asked, const OfferedModel& model) {
    const auto host = asked.serving.shelf.host(model);
    if (!host->status().facts) {
        Patient patient(asked.serving, asked.reply);
        host->load(patient);
    }
    return host->status().facts.value_or(ModelFacts());
}

void show(const Asked& asked) {
    const auto model = asked.serving.shelf.find(read_ollama_model(parse_body(asked.request.body)));
    const ModelFacts facts = facts_of(asked, model);
    Json capabilities = Json::array({"completion"});
    if (!facts.tool_format.empty()) capabilities.push_back("tools");
    if (facts.thinks) capabilities.push_back("thinking");
    const std::string type = model_type(model);
    send_json(asked.reply, 200,
              {{"modelfile", ""},
               {"parameters", fmt::format("temperature {}", facts.defaults.temperature)},
               {"template", ""},
               {"details", details_of(model)},
               {"model_info",
                {{"general.architecture", type},
                 {"general.basename", model.name},
                 {"general.parameter_count", nullptr},
                 {type + ".context_length", facts.context_tokens}}},
               {"capabilities", std::move(capabilities)},
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
        host->unload();
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

void pull(const Asked& asked) {
    const Json body = parse_body(asked.request.body);
    const std::string name = read_ollama_model(body);
    try {
        (void)asked.serving.shelf.find(name);
    } catch (const Error&) {
        throw ApiError(501, "invalid_request_error",
                       fmt::format("this server downloads nothing by itself; run: ovenbird run {} \"hello\", "
                                   "which downloads, bakes, and is "
                                   "offered here then",
                                   name));
    }
    const Json done{{"status", "success"}};
    if (!Fields(body).boolean("stream").value_or(true)) return send_json(asked.reply, 200, done);
    if (asked.reply.begin(200, {{"content-type", "application/x-ndjson"}}))
        asked.reply.send(done.dump() + "\n");
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
    for (const char* path : {"/api/embed", "/api/embeddings", "/api/create", "/api/push", "/api/copy"})
        routes.push_back({"POST", path, not_here, format});
    return routes;
}

}  // namespace ovenbird
