#include <algorithm>
#include <string_view>

#include "base/error.hpp"
#include "base/platform/mapped_file.hpp"
#include "device/c_api.hpp"
#include "device/loading.hpp"
#include "device/reason.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

// An IR begins with its net within this.
constexpr size_t kHeadBytes = 1024;

struct Look {
    bool is_ir;
    bool has_states;
};

// OpenVINO guesses a file's format by trying every front end, and then reports the wrong one's complaint.
Look look_at(const fs::path& model_xml) {
    const auto file = MappedFile::open(model_xml);
    const std::string_view text(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
    return {text.substr(0, kHeadBytes).find("<net ") != std::string_view::npos,
            text.find("type=\"ReadValue\"") != std::string_view::npos};
}

Look look_at_ir(const fs::path& model_xml) {
    std::error_code missing;
    if (!fs::exists(model_xml, missing)) {
        fail(ErrorCode::not_found, "{}: no such file; bake a model first (ovenbird bake SOURCE -o DIR)",
             model_xml.string());
    }
    const Look look = look_at(model_xml);
    if (!look.is_ir) {
        fail(ErrorCode::invalid_input, "{}: is not an OpenVINO IR (.xml); bake a model first",
             model_xml.string());
    }
    return look;
}

}  // namespace

void require_ir(const fs::path& model_xml) {
    (void)look_at_ir(model_xml);
}

struct GraphFile::State {
    Handle<ov_model_t> model{nullptr, ov_model_free};
    GraphPorts ports;
    bool has_states = false;
};

GraphFile::GraphFile(const fs::path& model_xml, const fs::path& weights_bin)
    : state_(std::make_unique<State>()) {
    state_->has_states = look_at_ir(model_xml).has_states;
    try {
        state_->model = read_model(model_xml, weights_bin);
        state_->ports = ports_of(state_->model.get());
    } catch (const Refusal& error) {
        fail(ErrorCode::invalid_input, "{}: OpenVINO cannot read this model: {}", model_xml.string(),
             one_line_reason(error.what()));
    }
}

GraphFile::GraphFile(GraphFile&&) noexcept = default;
GraphFile& GraphFile::operator=(GraphFile&&) noexcept = default;
GraphFile::~GraphFile() = default;

const GraphPorts& GraphFile::ports() const {
    return state_->ports;
}

bool GraphFile::has_states() const {
    return state_->has_states;
}

std::shared_ptr<LoadedGraph> GraphFile::load(const std::string& device, const DeviceOptions& options) const {
    return load_or_compile(device, options, [&](const Properties& properties) {
        return loaded_graph(ovenbird::compile(state_->model.get(), device, properties), device,
                            state_->has_states);
    });
}

std::unique_ptr<CompiledGraph> GraphFile::compile(const std::string& device,
                                                  const DeviceOptions& options) const {
    return load(device, options)->request();
}

std::unique_ptr<CompiledGraph> compile_file_on(const std::string& device, const fs::path& model_xml,
                                               const DeviceOptions& options) {
    // Reading apart from compiling: a broken file is the file's fault, not the device's.
    const bool has_states = GraphFile(model_xml).has_states();
    return load_or_compile(device, options,
                           [&](const Properties& properties) {
                               return loaded_graph(compile(model_xml, device, properties), device,
                                                   has_states);
                           })
        ->request();
}

}  // namespace ovenbird
