#include "bake/calibrate/kept_work.hpp"

#include <fmt/format.h>

#include <cstring>

#include "base/error.hpp"
#include "base/platform/files.hpp"
#include "base/platform/mapped_file.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr const char* kState = "state.json";
constexpr const char* kTokens = "tokens.json";
constexpr int64_t kMostLayers = int64_t{1} << 20;
constexpr int64_t kMostTokens = int64_t{1} << 32;

std::vector<std::span<std::byte>> parts(const std::vector<QuantTarget>& matrices) {
    std::vector<std::span<std::byte>> all;
    for (const auto& matrix : matrices)
        for (const auto& part : {matrix.weights, matrix.scales, matrix.zero_points})
            all.push_back(part);
    return all;
}

}  // namespace

Json to_json(const MatrixReport& matrix) {
    return {{"name", matrix.name},
            {"output_error", matrix.relative_error},
            {"damping", matrix.damping},
            {"data_free", matrix.data_free}};
}

KeptWork::KeptWork(fs::path folder, const std::string& key) : folder_(std::move(folder)), key_(key) {
    if (take_up()) return;
    layers_ = 0;
    matrices_.clear();
    remove_tree(folder_);
    fs::create_directories(folder_);
    write_state();
}

bool KeptWork::take_up() {
    if (!fs::exists(folder_ / kState)) return false;
    try {
        const Json json = read_json(folder_ / kState);
        const JsonObject state(json, (folder_ / kState).string());
        if (state.text("key") != key_) return false;
        layers_ = state.integer_in("layers", 0, kMostLayers);
        for (const auto& item : state.array("matrices")) {
            const JsonObject matrix(item, state.origin());
            matrices_.push_back({matrix.text("name"), matrix.number("output_error"), matrix.number("damping"),
                                 matrix.boolean_or("data_free", false)});
        }
        if (!tokens() && layers_ > 0) return false;
    } catch (const Error&) {
        return false;  // damaged
    }
    for (int64_t layer = 0; layer < layers_; ++layer)
        if (!fs::exists(layer_file(layer))) return false;
    return true;
}

void KeptWork::write_state() const {
    Json state{{"key", key_}, {"layers", layers_}, {"matrices", Json::array()}};
    for (const auto& matrix : matrices_)
        state["matrices"].push_back(to_json(matrix));
    replace_file(folder_ / kState, state.dump());
}

std::optional<CalibrationTokens> KeptWork::tokens() const {
    if (!fs::exists(folder_ / kTokens)) return std::nullopt;
    const Json json = read_json(folder_ / kTokens);
    const JsonObject kept(json, (folder_ / kTokens).string());
    CalibrationTokens tokens;
    tokens.length = kept.integer_in("length", 1, kMostTokens);
    tokens.held_out = kept.integer_in("held_out", 0, kMostTokens);
    for (const Json& id : kept.array("ids")) {
        if (!id.is_number_integer()) fail(ErrorCode::invalid_input, "{}: has no tokens", kept.origin());
        tokens.ids.push_back(id.get<int64_t>());
    }
    if (tokens.ids.empty() || tokens.ids.size() % static_cast<size_t>(tokens.length) != 0 ||
        tokens.held_out >= tokens.sequences())
        fail(ErrorCode::invalid_input, "{}: has {} tokens in sequences of {}", kept.origin(),
             tokens.ids.size(), tokens.length);
    return tokens;
}

void KeptWork::keep(const CalibrationTokens& tokens) {
    replace_file(folder_ / kTokens,
                 Json{{"length", tokens.length}, {"held_out", tokens.held_out}, {"ids", tokens.ids}}.dump());
}

fs::path KeptWork::layer_file(int64_t layer) const {
    return folder_ / fmt::format("layer_{}.bin", layer);
}

void KeptWork::restore(int64_t layer, const std::vector<QuantTarget>& matrices) const {
    const auto file = MappedFile::open(layer_file(layer));
    size_t total = 0;
    for (const auto& part : parts(matrices))
        total += part.size();
    if (file->bytes().size() != total)
        fail(ErrorCode::invalid_input, "{}: has {} bytes, {} were expected; delete its folder and bake again",
             file->path().string(), file->bytes().size(), total);
    const std::byte* from = file->bytes().data();
    for (const auto& part : parts(matrices)) {
        std::copy_n(from, part.size(), part.data());
        from += part.size();
    }
}

void KeptWork::keep(int64_t layer, const std::vector<QuantTarget>& matrices,
                    std::vector<MatrixReport> reports) {
    std::string content;
    for (const auto& part : parts(matrices))
        content.append(reinterpret_cast<const char*>(part.data()), part.size());
    replace_file(layer_file(layer), content);
    layers_ = layer + 1;
    for (auto& report : reports)
        matrices_.push_back(std::move(report));
    write_state();
}

}  // namespace ovenbird
