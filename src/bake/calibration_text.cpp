#include "bake/calibration_text.hpp"

#include <sstream>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/platform/files.hpp"
#include "text/chat_template.hpp"
#include "text/tokenizer.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLargestFile = uint64_t{256} << 20;

// Text or conversations, whatever a line holds.
class LineReader {
public:
    LineReader(const fs::path& file, const fs::path& text_folder, const Tokenizer& tokenizer)
        : file_(file.string()), tokenizer_(tokenizer), template_(ChatTemplate::load(text_folder)) {}

    std::vector<int64_t> tokens(const std::string& line, size_t number) const {
        const std::string origin = fmt::format("{}, line {}", file_, number);
        const Json json = Json::parse(line, nullptr, false);
        if (!json.is_object())
            fail(ErrorCode::invalid_input, "{}: is no JSON object, as the first is", origin);
        const JsonObject object(json, origin);
        if (!object.has("messages")) return tokenizer_.encode(object.text("text"), true);
        if (!template_)
            fail(ErrorCode::invalid_input, "{}: has messages, but the model has no chat template", origin);
        std::vector<ChatMessage> messages;
        for (const auto& item : object.array("messages")) {
            const JsonObject message(item, origin);
            messages.push_back({message.text("role"), message.text("content")});
        }
        return tokenizer_.encode(template_->render(messages, false), false);
    }

private:
    std::string file_;
    const Tokenizer& tokenizer_;
    std::optional<ChatTemplate> template_;
};

std::vector<int64_t> all_tokens(const fs::path& file, const fs::path& text_folder) {
    const std::string content = read_file(file, kLargestFile);
    const auto tokenizer = Tokenizer::load(text_folder);
    if (!content.starts_with('{')) return tokenizer.encode(content, true);
    const LineReader reader(file, text_folder, tokenizer);
    std::vector<int64_t> ids;
    std::istringstream lines(content);
    std::string line;
    for (size_t number = 1; std::getline(lines, line); ++number) {
        if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
        const auto own = reader.tokens(line, number);
        ids.insert(ids.end(), own.begin(), own.end());
    }
    return ids;
}

}  // namespace

CalibrationTokens read_calibration_text(const fs::path& file, const fs::path& text_folder, int64_t tokens) {
    const auto ids = all_tokens(file, text_folder);
    const int64_t there = static_cast<int64_t>(ids.size()) / kCalibrationLength;
    if (there == 0)
        fail(ErrorCode::invalid_input,
             "{}: has {} tokens, at least {} are needed to calibrate; give more text", file.string(),
             ids.size(), kCalibrationLength);
    // Of a long text some is kept to judge by, evenly spread as well.
    const int64_t held_out = there >= 4 * kHeldOutSequences ? kHeldOutSequences : 0;
    const int64_t count = std::clamp<int64_t>(tokens / kCalibrationLength, 1, there - held_out) + held_out;
    CalibrationTokens chosen;
    chosen.length = kCalibrationLength;
    chosen.held_out = held_out;
    const auto take = [&](int64_t window) {
        const auto first = ids.begin() + window * there / count * kCalibrationLength;
        chosen.ids.insert(chosen.ids.end(), first, first + kCalibrationLength);
    };
    const auto is_held_out = [&](int64_t window) {
        return held_out > 0 && (window + 1) * held_out / count > window * held_out / count;
    };
    for (const bool held : {false, true})
        for (int64_t window = 0; window < count; ++window)
            if (is_held_out(window) == held) take(window);
    return chosen;
}

}  // namespace ovenbird
