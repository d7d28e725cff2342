#pragma once
// The names of all files of a baked folder. docs/format.md says what is in them.

#include <cstdint>
#include <string>

#include "model/step.hpp"

namespace ovenbird {

inline constexpr const char* kManifestName = "ovenbird.json";
inline constexpr const char* kModelCardName = "README.md";                    // the same for people
inline constexpr const char* kModelXmlName = "openvino_model.xml";            // the window, static [1, N]
inline constexpr const char* kModelBinName = "openvino_model.bin";            // the weights of all graphs
inline constexpr const char* kEmbeddingsXmlName = "openvino_embeddings.xml";  // tokens to rows, on the host
inline constexpr const char* kGraphsFolder = "graphs";                        // of the forms with a cache
inline constexpr const char* kDynamicGraph = "graphs/dynamic.xml";
inline constexpr const char* kFoldedFolder = "folded";
inline constexpr const char* kIntermediateName = "intermediate_dynamic";  // stage 1's decoder

/// Every constant of openvino_model.bin begins at a multiple of this: vectors are aligned in the mapped file.
inline constexpr uint64_t kConstantAlignment = 64;
constexpr uint64_t aligned(uint64_t bytes) {
    return (bytes + kConstantAlignment - 1) / kConstantAlignment * kConstantAlignment;
}

/// Bytes of openvino_model.bin.
struct ByteRange {
    uint64_t offset = 0;
    uint64_t bytes = 0;
};

/// The whole form's graph of a step: "graphs/decode_256.xml".
std::string graph_file(const Step& step);

/// The folded form's graphs of a step: what comes before its layers, a layer of a kind, and the head, which
/// steps with as many rows share.
std::string folded_before_file(const Step& step);
std::string folded_layer_file(const Step& step, size_t kind);
std::string folded_head_file(const Step& step);

/// The blob of a graph for an NPU generation: "npu/4000.blob", "npu/4000_decode_256.blob".
std::string blob_name(int platform, const std::string& graph);

}  // namespace ovenbird
