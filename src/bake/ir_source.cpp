#include "bake/ir_source.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "bake/adopt/adopt.hpp"
#include "bake/arch/architecture.hpp"
#include "bake/forms/ir_file.hpp"
#include "bake/forms/passes.hpp"
#include "bake/plan_graphs.hpp"
#include "bake/source/built_tokenizer.hpp"
#include "base/error.hpp"
#include "base/json.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

struct IrFiles {
    fs::path xml;
    fs::path bin;
};

bool has_safetensors(const fs::path& folder) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        if (entry.path().extension() == ".safetensors") return true;
    }
    return false;
}

// The one model of a folder whose IR has a name of its own; empty: there is none.
fs::path only_ir(const fs::path& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        if (entry.path().extension() != ".xml" || name.find("tokenizer") != std::string::npos) continue;
        if (fs::is_regular_file(fs::path(entry.path()).replace_extension(".bin"), error))
            names.push_back(name);
    }
    if (names.empty()) return {};
    std::sort(names.begin(), names.end());
    if (names.size() > 1)
        fail(ErrorCode::usage, "'{}' has several OpenVINO models: {}; name one of them: {}", folder.string(),
             fmt::join(names, ", "), (folder / names[0]).string());
    return folder / names[0];
}

std::optional<IrFiles> find_ir(const fs::path& source) {
    IrFiles ir;
    std::error_code ignored;
    if (fs::is_directory(source, ignored)) {
        if (has_safetensors(source)) return std::nullopt;
        ir.xml = source / kModelXmlName;
        if (!fs::is_regular_file(ir.xml, ignored)) ir.xml = only_ir(source);
        if (ir.xml.empty()) return std::nullopt;
    } else if (source.extension() == ".xml" && fs::is_regular_file(source, ignored)) {
        ir.xml = source;
    } else {
        return std::nullopt;
    }
    ir.bin = fs::path(ir.xml).replace_extension(".bin");
    if (!fs::is_regular_file(ir.bin, ignored)) {
        fail(ErrorCode::not_found, "'{}' has no weights beside it: '{}' is missing", ir.xml.string(),
             ir.bin.string());
    }
    return ir;
}

// What the config.json beside an IR says of things that its graph does not.
struct Beside {
    std::string model_type;
    int64_t max_positions = std::numeric_limits<int64_t>::max();
    std::string windows;          // as rt_info tells them
    bool unknown_window = false;  // it slides, and nobody knows where
    std::string unreadable;       // why the file says nothing
};

bool says_window(const JsonObject& config) {
    return config.has("sliding_window") && !config.json().at("sliding_window").is_null() &&
           (!config.has("use_sliding_window") || config.boolean_or("use_sliding_window", true));
}

Beside told_by(const Json& json, const std::string& origin) {
    Beside beside;
    const JsonObject config(json, origin);
    beside.model_type = config.text_or("model_type", "");
    try {
        const ModelConfig model = read_model_config(json, origin);
        beside.max_positions = model.max_positions;
        beside.windows = sliding_windows_text(model);
    } catch (const Error&) {
        // An architecture that the graph need not know; only a window that slides would change its answers.
        beside.max_positions = config.integer_or("max_position_embeddings", beside.max_positions);
        beside.unknown_window = says_window(config);
    }
    return beside;
}

Beside read_beside(const fs::path& xml) {
    const fs::path path = xml.parent_path() / "config.json";
    std::error_code ignored;
    if (!fs::is_regular_file(path, ignored)) return {};
    try {
        return told_by(read_json(path), path.string());
    } catch (const Error& error) {
        // The graph may do without it; but a window that slides would be told there.
        Beside beside;
        beside.unknown_window = true;
        beside.unreadable = error.what();
        return beside;
    }
}

// Options about weights and their order of computing: an IR's are kept as they are.
void refuse_checkpoint_options(const BakeOptions& options) {
    const BakeOptions defaults;
    const auto refuse = [](bool given, const char* option) {
        if (!given) return;
        fail(ErrorCode::usage,
             "{} needs a checkpoint (a Hugging Face folder or a GGUF file): an IR's weights are kept as they "
             "are; leave it out, or bake the checkpoint",
             option);
    };
    refuse(options.bits != defaults.bits, "--bits");
    refuse(options.head_bits != defaults.head_bits, "--head-bits");
    refuse(options.symmetric != defaults.symmetric, "--asym");
    refuse(options.group_size != defaults.group_size, "--group-size");
    refuse(options.ratio != defaults.ratio, "--ratio");
    refuse(options.search_scales != defaults.search_scales, "--no-search-scales");
    refuse(options.effort != defaults.effort && options.effort != "fast", "--effort");
    refuse(options.rotate != defaults.rotate && options.rotate != "off", "--rotate");
    refuse(!options.calibration.empty(), "--calibration");
    refuse(options.activations_scale_factor > 1, "--activations-scale-factor");
}

class IrSource : public DecoderSource {
public:
    explicit IrSource(IrFiles ir)
        : ir_(std::move(ir)),
          beside_(read_beside(ir_.xml)),
          built_(build_tokenizer(ir_.xml.parent_path().empty() ? "." : ir_.xml.parent_path())) {
        read_ = read_ir(ir_.xml, ir_.bin);
        adopted_ = adopt(read_.model, beside_.windows);
        if (!beside_.unreadable.empty()) {
            adopted_ = {false, "whether its layers slide is not known: " + beside_.unreadable};
        } else if (beside_.unknown_window) {
            adopted_ = {false, fmt::format("the layers of '{}' slide in a way that is not known",
                                           beside_.model_type)};
        }
    }

    const char* kind() const override { return "openvino"; }
    std::vector<fs::path> files() const override { return {ir_.xml, ir_.bin}; }
    std::vector<std::string> write_text_files(const fs::path& folder) const override {
        std::vector<std::string> written = copy_text_files(ir_.xml.parent_path(), folder);
        write_built_tokenizer(built_, folder, written);
        return written;
    }

    BakePlan plan(const BakeOptions& options) const override {
        refuse_checkpoint_options(options);
        BakePlan plan;
        plan.config.model_type = beside_.model_type;
        plan.forms = plan_forms(options, beside_.max_positions, adopted_.has_cache);
        plan.notes.emplace_back("the IR's own weights, as they are");
        if (!built_.note.empty()) plan.notes.push_back(built_.note);
        if (!built_.warning.empty()) plan.warnings.push_back(built_.warning);
        if (!adopted_.has_cache && options.context > 0)
            plan.warnings.push_back(
                fmt::format("only the form without a cache is made: {}", adopted_.why_not));
        if (adopted_.has_cache && options.context > 0 && plan.forms.context == 0)
            plan.notes.push_back(too_few_positions(beside_.max_positions));
        plan.int4_constants = count_compressed(read_.model).int4_constants;
        if (plan.int4_constants == 0)
            plan.warnings.emplace_back(
                "the IR has no INT4 weights and is not compressed further; bake its checkpoint for that");
        plan.source_bytes = plan.tensor_bytes = fs::file_size(ir_.bin);
        const auto nodes = static_cast<uint64_t>(read_.model->get_ops().size());
        assume_graphs(plan, nodes * kXmlBytesOfNode);
        plan_costs(plan, options);
        return plan;
    }

    WrittenDecoder write_decoder(const BakePlan&, const BakeOptions&, const fs::path& folder, const fs::path&,
                                 Manifest&, Reporter& reporter) const override {
        std::span<const std::byte> mapped;
        const auto map = lay_out(read_.model, folder / kModelBinName, mapped, reporter);
        unique_names(read_.model);
        write_ir(read_.model, folder / kModelXmlName, folder / kModelBinName, mapped);
        return {};
    }

private:
    static constexpr uint64_t kXmlBytesOfNode = 700;

    IrFiles ir_;
    Beside beside_;
    BuiltTokenizer built_;
    ReadModel read_;
    Adopted adopted_;
};

}  // namespace

std::unique_ptr<DecoderSource> open_ir_source(const fs::path& source) {
    auto ir = find_ir(source);
    if (!ir) return nullptr;
    return std::make_unique<IrSource>(std::move(*ir));
}

}  // namespace ovenbird
