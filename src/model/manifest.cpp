#include "model/manifest.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace ovenbird {
namespace {

// What a bake can be asked for; memory is taken for so many tokens.
constexpr int64_t kMostTokens = 131072;
constexpr int64_t kMostBytes = int64_t{1} << 50;
constexpr int64_t kHighestPlatform = 1'000'000;

std::map<std::string, std::string> read_texts(const JsonObject& parent, const char* key) {
    std::map<std::string, std::string> texts;
    const auto object = parent.object(key);
    if (!object) return texts;
    for (const auto& [name, value] : object->json().items())
        texts[name] = object->text(name);
    return texts;
}

std::vector<HashedFile> read_files(const JsonObject& source) {
    std::vector<HashedFile> files;
    if (!source.has("files")) return files;
    for (const auto& entry : source.array("files")) {
        const JsonObject file(entry, source.origin() + ": files");
        const auto bytes = static_cast<uint64_t>(file.integer_in("bytes", 0, kMostBytes));
        files.push_back({file.text("name"), bytes, file.text("hash")});
    }
    return files;
}

Json blobs_json(const std::vector<CompiledBlob>& blobs) {
    Json list = Json::array();
    for (const auto& blob : blobs) {
        Json entry = {{"platform", blob.platform},
                      {"graph", blob.graph},
                      {"compiler", blob.compiler},
                      {"seconds", blob.seconds}};
        if (blob.refused.empty()) {
            entry.update({{"file", blob.file},
                          {"bytes", blob.bytes},
                          {"hash", blob.hash},
                          {"requirements", blob.requirements}});
        } else {
            entry["refused"] = blob.refused;
        }
        list.push_back(entry);
    }
    return list;
}

// Only names that the bake itself writes: a manifest is a file like any other, and may be hostile.
std::vector<CompiledBlob> read_blobs(const Json& list, const std::string& origin) {
    std::vector<CompiledBlob> blobs;
    for (const auto& entry : list) {
        const JsonObject object(entry, origin + ": npu");
        CompiledBlob blob;
        blob.platform = static_cast<int>(object.integer_in("platform", 0, kHighestPlatform));
        blob.seconds = object.number_or("seconds", 0);
        if (!object.has("file")) continue;
        (void)object.text("file");
        blob.graph = inner_name(object.text_or("graph", kModelXmlName), origin);
        blob.file = blob_name(blob.platform, blob.graph);
        blob.bytes = static_cast<uint64_t>(object.integer_in("bytes", 0, kMostBytes));
        blob.hash = object.text("hash");
        blob.compiler = object.text("compiler");
        blob.requirements = object.text("requirements");
        blobs.push_back(blob);
    }
    return blobs;
}

Json graphs_json(const std::vector<Step>& graphs) {
    Json list = Json::array();
    for (const auto& graph : graphs) {
        list.push_back({{"file", graph_file(graph)},
                        {"tokens", graph.tokens},
                        {"past", graph.past},
                        {"context", graph.context},
                        {"all_rows", graph.all_rows}});
    }
    return list;
}

std::vector<Step> read_graphs(const Json& list, const std::string& origin) {
    std::vector<Step> graphs;
    for (const auto& entry : list) {
        const JsonObject object(entry, origin + ": graphs");
        const std::string file = object.text("file");
        const int64_t past = object.integer_in("past", 0, kMostTokens);
        graphs.push_back({std::filesystem::path(file).stem().string(),
                          object.integer_in("tokens", 1, kMostTokens), past,
                          object.has("context") ? object.integer_in("context", 1, kMostTokens) : past + 1,
                          object.boolean_or("all_rows", false)});
        if (file == graph_file(graphs.back())) continue;
        fail(ErrorCode::invalid_input,
             "{}: the graph '{}' is not where Ovenbird puts one; bake the model again", origin, file);
    }
    return graphs;
}

}  // namespace

std::vector<std::string> npu_graphs(const Manifest& manifest) {
    std::vector<std::string> graphs{kModelXmlName};
    if (const auto& embedding = manifest.embedding) {
        for (const int64_t bucket : embedding->buckets)
            if (bucket != embedding->most_tokens()) graphs.push_back(embedding_graph(*embedding, bucket));
    }
    for (const auto& step : manifest.graphs)
        graphs.push_back(graph_file(step));
    const auto add = [&](const std::string& file) {
        if (std::find(graphs.begin(), graphs.end(), file) == graphs.end()) graphs.push_back(file);
    };
    for (const auto& step : manifest.folded.steps) {
        for (const auto& layer : step.layers)
            add(layer);
        add(step.head);
    }
    return graphs;
}

Json to_json(const Manifest& manifest) {
    Json files = Json::array();
    for (const auto& file : manifest.source_files) {
        files.push_back({{"name", file.name}, {"bytes", file.bytes}, {"hash", file.hash}});
    }
    Json json;
    json["format"] = kManifestFormat;
    if (manifest.embedding) json["kind"] = kEmbeddingKind;
    json["ovenbird"] = manifest.ovenbird_version;
    json["openvino"] = manifest.openvino_version;
    json["source"] = {{"kind", manifest.source_kind}, {"name", manifest.source_name}, {"files", files}};
    if (const auto& origin = manifest.origin)
        json["source"]["hub"] = {
            {"repo", origin->repo}, {"commit", origin->commit}, {"files", origin->files}};
    json["model_type"] = manifest.model_type;
    json["seq_len"] = manifest.seq_len;
    json["inputs"] = manifest.inputs;
    json["outputs"] = manifest.outputs;
    json["text_files"] = manifest.text_files;
    if (manifest.context > 0) {
        json["cache"] = {{"context", manifest.context},
                         {"dynamic", manifest.dynamic_graph},
                         {"graphs", graphs_json(manifest.graphs)}};
    }
    if (manifest.embedding) json["embedding"] = to_json(*manifest.embedding);
    if (!manifest.folded.steps.empty()) json["folded"] = to_json(manifest.folded);
    if (!manifest.blobs.empty()) json["npu"] = blobs_json(manifest.blobs);
    json["options"] = manifest.options;
    json["quantization"] = manifest.quantization;
    json["verification"] = manifest.verification;
    return json;
}

Manifest read_manifest(const std::filesystem::path& folder) {
    const auto path = folder / kManifestName;
    const Json json = read_json(path);
    const JsonObject object(json, path.string());
    const int64_t format = object.integer("format");
    if (format != kManifestFormat) {
        fail(ErrorCode::invalid_input,
             "{}: format {} is not the {} that this program reads; bake the model again", path.string(),
             format, kManifestFormat);
    }
    Manifest manifest;
    manifest.ovenbird_version = object.text("ovenbird");
    manifest.openvino_version = object.text("openvino");
    if (const auto source = object.object("source")) {
        manifest.source_kind = source->text("kind");
        manifest.source_name = source->text("name");
        manifest.source_files = read_files(*source);
        if (const auto hub = source->object("hub")) {
            manifest.origin = HubOrigin{hub->text("repo"), hub->text("commit"), Json::object()};
            if (const auto files = hub->object("files")) manifest.origin->files = files->json();
        }
    }
    manifest.model_type = object.text("model_type");
    manifest.seq_len = object.integer_in("seq_len", 1, kMostTokens);
    manifest.inputs = read_texts(object, "inputs");
    manifest.outputs = read_texts(object, "outputs");
    if (const auto cache = object.object("cache")) {
        manifest.context = cache->integer_in("context", 1, kMostTokens);
        manifest.dynamic_graph = inner_name(cache->text("dynamic"), path.string());
        manifest.graphs = read_graphs(cache->array("graphs"), path.string());
    }
    if (const auto embedding = object.object("embedding")) manifest.embedding = read_embedding(*embedding);
    if (const auto folded = object.object("folded")) manifest.folded = read_folded(*folded);
    if (object.has("npu")) manifest.blobs = read_blobs(object.array("npu"), path.string());
    if (object.has("text_files")) {
        for (const auto& name : object.array("text_files")) {
            if (!name.is_string())
                fail(ErrorCode::invalid_input, "{}: 'text_files' holds more than texts", path.string());
            manifest.text_files.push_back(name.get<std::string>());
        }
    }
    for (const auto& [key, target] :
         {std::pair{"options", &manifest.options}, std::pair{"quantization", &manifest.quantization},
          std::pair{"verification", &manifest.verification}}) {
        if (const auto part = object.object(key)) *target = part->json();
    }
    return manifest;
}

std::optional<Manifest> find_manifest(const std::filesystem::path& folder) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(folder / kManifestName, error)) return std::nullopt;
    return read_manifest(folder);
}

}  // namespace ovenbird
