#pragma once
// ovenbird.json: what a baked folder was made from, how, and what was proven of it. Bake writes it, others
// read it.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "model/baked_folder.hpp"
#include "model/embedding.hpp"
#include "model/folded.hpp"

namespace ovenbird {

inline constexpr int64_t kManifestFormat = 1;

/// A source file and its BLAKE3.
struct HashedFile {
    std::string name;
    uint64_t bytes = 0;
    std::string hash;
};

/// The repository of a hub that the source was pulled from.
struct HubOrigin {
    std::string repo;    // "ORG/NAME"
    std::string commit;  // 40 hexadecimal digits
    /// Each file's path in the repository to its hash: "sha256:…" of large files, "git-sha1:…" of small ones,
    /// "etag:…" of hubs that have neither.
    Json files = Json::object();
};

/// A graph compiled ahead of time for one NPU generation, or why it is not.
struct CompiledBlob {
    int platform = 0;
    std::string graph = kModelXmlName;  // what was compiled, relative to the folder
    std::string file;                   // "npu/4000.blob", "npu/4000_decode_256.blob", as blob_name() says
    uint64_t bytes = 0;
    std::string hash;          // BLAKE3
    std::string compiler;      // its version
    std::string requirements;  // OpenVINO's runtime_requirements
    double seconds = 0;
    std::string refused;  // the reason; empty when the blob is there
};

struct Manifest {
    std::string ovenbird_version;
    std::string openvino_version;
    std::string source_kind;  // "huggingface", "gguf" or "openvino"
    std::string source_name;  // last part of the path: no one else's folders are told
    std::vector<HashedFile> source_files;
    std::optional<HubOrigin> origin;      // none for files from elsewhere
    std::vector<std::string> text_files;  // tokenizer and configuration files of the folder
    std::string model_type;
    int64_t seq_len = 0;
    std::map<std::string, std::string> inputs;  // name: "[1,128] i64"
    std::map<std::string, std::string> outputs;
    std::vector<CompiledBlob> blobs;
    int64_t context = 0;                      // of the graphs with a cache; 0: there are none
    std::vector<Step> graphs;                 // static, the smallest context first: see graph_file()
    std::string dynamic_graph;                // stateful and dynamic, for CPU and GPU; empty: there is none
    FoldedForm folded;                        // without steps: there is none
    std::optional<EmbeddingFacts> embedding;  // of an embedder: it writes no text
    Json options = Json::object();            // the bake's options
    Json quantization = Json::object();       // forms, errors, notes
    Json verification = Json::object();       // what was checked, with figures
};

Json to_json(const Manifest& manifest);

/// The graphs that an NPU may be given, relative to the folder, each once: the window, the whole steps, and
/// the folded steps' layers and heads. What a step computes before its layers is the host's.
std::vector<std::string> npu_graphs(const Manifest& manifest);

/// Errors: not_found, invalid_input (also a format newer than this program knows).
Manifest read_manifest(const std::filesystem::path& folder);

/// Nothing where the folder has none: ovenbird bake did not make it. Errors: as read_manifest().
std::optional<Manifest> find_manifest(const std::filesystem::path& folder);

}  // namespace ovenbird
