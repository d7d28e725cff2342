#pragma once
// Folders with compressed tensors, made for a test. For tests only.

#include <memory>
#include <string>
#include <vector>

#include "bake/source/checkpoint.hpp"
#include "bake/source/source_files.hpp"

namespace ovenbird {

struct Part {
    std::string name;
    std::string type;
    std::string shape;  // "[2,3]"
    std::string data;
};

/// A Hugging Face folder with a quantization_config and these tensors.
class PartsFolder {
public:
    PartsFolder(const std::string& settings, const std::vector<Part>& parts,
                const std::string& type = "llama") {
        folder_.write("config.json",
                      R"({"model_type":")" + type + R"(","quantization_config":)" + settings + "}");
        std::string header, data;
        for (const auto& part : parts) {
            header += (header.empty() ? "{\"" : ",\"") + part.name + R"(":{"dtype":")" + part.type +
                      R"(","shape":)" + part.shape + R"(,"data_offsets":[)" + std::to_string(data.size()) +
                      ",";
            data += part.data;
            header += std::to_string(data.size()) + "]}";
        }
        folder_.write("model.safetensors", safetensors_file(header + "}", data));
    }
    std::unique_ptr<Checkpoint> open() const { return open_checkpoint(folder_.path()); }
    void expect_refused(ErrorCode code, const std::vector<std::string>& words) const {
        expect_error(code, words, [&] { open(); });
    }

private:
    SourceFolder folder_;
};

inline std::vector<float> some_values(const Checkpoint& checkpoint, const std::string& name, int64_t begin,
                                      int64_t end) {
    const SourceTensor& tensor = checkpoint.tensors().at(name);
    std::vector<float> values(static_cast<size_t>((end - begin) * tensor.columns()), -99.0F);
    read_rows(tensor, begin, end, values.data());
    return values;
}

inline std::vector<float> all_values(const Checkpoint& checkpoint, const std::string& name) {
    return some_values(checkpoint, name, 0, checkpoint.tensors().at(name).rows());
}

}  // namespace ovenbird
