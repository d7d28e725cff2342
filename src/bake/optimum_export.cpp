#include "bake/optimum_export.hpp"

#include <algorithm>
#include <chrono>
#include <deque>

#include "base/error.hpp"
#include "base/platform/line_child.hpp"
#include "base/platform/process.hpp"
#include "optimum_script.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr auto kLongestSilence = std::chrono::hours(24);  // NNCF may say nothing for long
constexpr auto kBetweenNotes = std::chrono::seconds(5);
constexpr size_t kLastLines = 12;

std::vector<std::string> arguments_of(const BakeOptions& options, const fs::path& folder) {
    std::vector<std::string> words{
        "export", "openvino", "--model", options.source.string(), "--task", "text-generation-with-past"};
    const auto add = [&](std::initializer_list<std::string> more) { words.insert(words.end(), more); };
    add({"--weight-format", options.bits == 16 ? "fp16" : fmt::format("int{}", options.bits)});
    if (options.bits != 16 && options.symmetric) add({"--sym"});
    if (options.bits == 4) {
        add({"--group-size", std::to_string(options.group_size), "--ratio",
             fmt::format("{}", options.ratio)});
        // Rows that the group does not divide take a smaller one, as in Ovenbird's own conversion.
        if (options.group_size > 0) add({"--group-size-fallback", "adjust"});
    }
    if (!options.dataset.empty()) add({"--dataset", options.dataset});
    if (options.awq) add({"--awq"});
    if (options.scale_estimation) add({"--scale-estimation"});
    if (options.gptq) add({"--gptq"});
    add({"--disable-convert-tokenizer", folder.string()});
    return words;
}

[[noreturn]] void fail_missing(const Json& packages, const std::string& python) {
    std::string names;
    for (const auto& package : packages)
        names += (names.empty() ? "" : ", ") + package.get<std::string>();
    fail(ErrorCode::unsupported,
         "{} lacks {}; install them: {} -m pip install \"optimum-intel[openvino]\" nncf; or name another "
         "Python "
         "with --python",
         python, names, python);
}

bool speaks_of_memory(const std::string& line) {
    for (const char* word :
         {"MemoryError", "bad_alloc", "can't allocate memory", "Cannot allocate memory", "out of memory"})
        if (line.find(word) != std::string::npos) return true;
    return false;
}

// What is worth showing of its last lines: the reason stands in the last one.
[[noreturn]] void fail_ended(int64_t status, const std::deque<std::string>& last, Reporter& reporter) {
    const bool memory =
        status == -9 || status == 137 || std::any_of(last.begin(), last.end(), speaks_of_memory);
    for (const auto& line : last)
        reporter.debug("optimum-intel: " + line);
    if (memory)
        fail(ErrorCode::io,
             "optimum-intel ended for want of memory ({} MiB are available): it holds a whole model, about "
             "1.3 "
             "times the size of its files; close other programs, or bake without --exporter, which needs "
             "little",
             available_memory_bytes() >> 20);
    const std::string how =
        status < 0 ? fmt::format("signal {}", -status) : fmt::format("exit status {}", status);
    fail(ErrorCode::unsupported, "optimum-intel ended with {}: {} (all it said: --log-file)", how,
         last.empty() ? "it said nothing" : last.back());
}

LineChild started(const BakeOptions& options, const std::vector<std::string>& words) {
    std::vector<std::string> command{options.python, "-c", kOptimumScript};
    command.insert(command.end(), words.begin(), words.end());
    try {
        return LineChild(command);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::not_found) throw;
        fail(ErrorCode::not_found,
             "{}: there is no such program; install Python 3 and, with it, \"optimum-intel[openvino]\" and "
             "nncf, "
             "or name a Python that has them with --python",
             options.python);
    }
}

// Passes on what it says: every line to the log, now and then one to the user.
class Listener {
public:
    explicit Listener(Reporter& reporter) : reporter_(reporter) {}

    void hear(const std::string& line) {
        last_.push_back(line);
        if (last_.size() > kLastLines) last_.pop_front();
        const auto now = Clock::now();
        if (now - told_ < kBetweenNotes) return reporter_.debug("optimum-intel: " + line);
        told_ = now;
        reporter_.note("optimum-intel: " + line);
    }
    const std::deque<std::string>& last() const { return last_; }

private:
    Reporter& reporter_;
    Clock::time_point told_ = Clock::now();
    std::deque<std::string> last_;
};

}  // namespace

Json export_with_optimum(const BakeOptions& options, const fs::path& folder, Reporter& reporter) {
    std::error_code error;
    if (!fs::is_directory(options.source, error))
        fail(ErrorCode::usage, "{}: optimum-intel exports a Hugging Face folder, and this is none",
             options.source.string());
    const auto words = arguments_of(options, folder);
    reporter.note(fmt::format("stage 1: optimum-intel exports {}", options.source.string()));
    LineChild child = started(options, words);
    Listener listener(reporter);
    Json exported{{"name", "optimum-intel"}};
    for (;;) {
        const Json said = Json::parse(child.read_line(kLongestSilence), nullptr, false);
        if (!said.is_object()) fail(ErrorCode::io, "{}: does not speak as it should", options.python);
        if (said.contains("missing")) fail_missing(said["missing"], options.python);
        if (said.contains("versions")) exported["versions"] = said["versions"];
        if (said.contains("line")) listener.hear(said["line"].get<std::string>());
        if (!said.contains("ended")) continue;
        const int64_t status = said["ended"].get<int64_t>();
        if (status != 0) fail_ended(status, listener.last(), reporter);
        break;
    }
    if (!fs::is_regular_file(folder / "openvino_model.xml", error))
        fail(ErrorCode::unsupported, "optimum-intel ended well but left no openvino_model.xml; it said: {}",
             listener.last().empty() ? "nothing" : listener.last().back());
    // Folders of this machine are nobody else's business.
    const std::vector<std::string> kept(words.begin() + 6, words.end() - 1);
    exported["arguments"] = kept;
    reporter.note("stage 1: optimum-intel is done");
    return exported;
}

BakeOptions options_for_export(const BakeOptions& options, const fs::path& folder) {
    BakeOptions inner = options;
    const BakeOptions defaults;
    inner.source = folder;
    inner.exporter = defaults.exporter;
    inner.bits = defaults.bits;
    inner.symmetric = defaults.symmetric;
    inner.group_size = defaults.group_size;
    inner.ratio = defaults.ratio;
    inner.dataset.clear();
    inner.awq = inner.scale_estimation = inner.gptq = false;
    return inner;
}

}  // namespace ovenbird
