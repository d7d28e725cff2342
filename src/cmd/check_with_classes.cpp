#include <algorithm>

#include "base/error.hpp"
#include "check/calibration.hpp"
#include "check/check.hpp"
#include "check/numerics.hpp"
#include "cmd/check_graphs.hpp"
#include "cmd/check_text.hpp"
#include "cmd/output.hpp"
#include "device/models.hpp"
#include "text/tokenizer.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

std::shared_ptr<ov::Model> read(const CheckTarget& target) {
    std::error_code missing;
    return read_graph(target.xml, fs::exists(target.bin, missing) ? target.bin : fs::path());
}

// One prompt for each calibration text to begin with; the others follow it round and round until the window
// is full, because positions count as well.
std::vector<std::vector<int64_t>> calibration_prompts(const fs::path& tokenizer_folder,
                                                      const ov::Model& model) {
    const auto tokenizer = Tokenizer::load(tokenizer_folder);
    const size_t window = window_tokens(model);
    std::vector<std::vector<int64_t>> prompts;
    const auto& texts = calibration_texts();
    // A long window is a minute's work, and holds them all anyway.
    const size_t count = window > 256 ? 1 : texts.size();
    for (size_t first = 0; first < count; ++first) {
        auto& prompt = prompts.emplace_back(tokenizer.encode(texts[first], true));
        for (size_t next = first + 1; prompt.size() < window; ++next) {
            const auto more = tokenizer.encode("\n\n" + texts[next % texts.size()], false);
            if (more.empty()) fail(ErrorCode::invalid_input, "the tokenizer makes no tokens of plain text");
            prompt.insert(prompt.end(), more.begin(), more.end());
        }
        prompt.resize(window);
    }
    return prompts;
}

std::string numerics_text(const NumericsReport& report) {
    const auto* overflow = report.first_overflow();
    const auto* drift = report.first_drift();
    std::string text;
    if (overflow != nullptr) {
        text += fmt::format(
            "overflows f16: {} is the first, {:.4g} in f32, and f16 ends at 65504; bake with "
            "--activations-scale-factor\n",
            overflow->node, overflow->largest);
    }
    if (drift != nullptr) {
        text += fmt::format("drifts in f16: {} is the first, {:.1f}% from its f32 value\n", drift->node,
                            100 * drift->drift);
    }
    text += fmt::format("numerics: {} of {} texts go on with the same token in f16; logits {:.2f}% apart",
                        report.same_token, report.prompts, 100 * report.logits_drift);
    // None where the model computes nothing in floats.
    if (const auto* largest = report.largest())
        text += fmt::format("; largest value {:.4g}, of {}", largest->largest, largest->node);
    return text + "\n";
}

}  // namespace

std::string why_no_rules() {
    return {};
}

bool judge_graph(const CheckTarget& target, const CheckWords& words, Json& json) {
    const CheckReport report = check_model(read(target));
    json = to_json(report);
    json["graph"] = target.name;
    if (!words.json) write_output(report_text(target.name, report, words.platforms));
    return std::any_of(words.platforms.begin(), words.platforms.end(),
                       [&](int platform) { return report.refused_on(platform); });
}

bool overflows(const CheckTarget& window, const CheckWords& words, Json& json) {
    const auto model = read(window);
    const auto folder = words.tokenizer.empty() ? window.xml.parent_path() : words.tokenizer;
    const auto numerics = check_numerics(model, window.xml, calibration_prompts(folder, *model));
    json["numerics"] = to_json(numerics);
    if (!words.json) write_output(numerics_text(numerics));
    return numerics.first_overflow() != nullptr;
}

}  // namespace ovenbird
