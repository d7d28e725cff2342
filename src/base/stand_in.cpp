#include "base/stand_in.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <vector>

#include "base/error.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 9> kModelFiles{".safetensors", ".gguf", ".json",  ".xml", ".bin",
                                                      ".model",       ".txt",  ".jinja", ".part"};
constexpr size_t kNamed = 3;

char lower(char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
}

std::string_view without_space(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    const size_t start = text.find_first_not_of(" \t\r\n");
    return start == std::string_view::npos ? std::string_view() : text.substr(start);
}

bool begins(std::string_view text, std::string_view lower_case) {
    if (text.size() < lower_case.size()) return false;
    return std::equal(lower_case.begin(), lower_case.end(), text.begin(),
                      [](char expected, char letter) { return expected == lower(letter); });
}

std::optional<StandIn> stand_in_of(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    std::string beginning(kStandInBytes, '\0');
    stream.read(beginning.data(), static_cast<std::streamsize>(beginning.size()));
    beginning.resize(static_cast<size_t>(std::max<std::streamsize>(stream.gcount(), 0)));
    return stand_in(beginning, file.extension().string());
}

bool is_of_a_model(const fs::path& file) {
    const std::string extension = file.extension().string();
    return std::find(kModelFiles.begin(), kModelFiles.end(), extension) != kModelFiles.end();
}

std::vector<fs::path> model_files(const fs::path& source) {
    std::vector<fs::path> files;
    std::error_code error;
    if (fs::is_regular_file(source, error)) return {source};
    for (fs::directory_iterator it(source, error), end; !error && it != end; it.increment(error)) {
        std::error_code ignored;
        if (it->is_regular_file(ignored) && is_of_a_model(it->path())) files.push_back(it->path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

std::optional<StandIn> stand_in(std::string_view beginning, std::string_view extension) {
    if (beginning.starts_with("version https://git-lfs.github.com/spec/")) return StandIn::lfs_pointer;
    const std::string_view text = without_space(beginning);
    // A template or a list of merges may begin as it likes.
    if (extension == ".jinja" || extension == ".txt") {
        if (begins(text, "<!doctype html")) return StandIn::web_page;
        return std::nullopt;
    }
    if (begins(text, "<!doctype html") || begins(text, "<html")) return StandIn::web_page;
    if (begins(text, "<?xml") && extension != ".xml") return StandIn::server_message;
    return std::nullopt;
}

const char* stand_in_text(StandIn kind) {
    switch (kind) {
        case StandIn::lfs_pointer:
            return "is a Git LFS pointer, not the file itself: run 'git lfs pull' in the folder, or download "
                   "it "
                   "again (ovenbird pull ORG/NAME)";
        case StandIn::web_page:
            return "is a web page that was saved under this name: download the file itself (its page's "
                   "download link), or the whole model (ovenbird pull ORG/NAME)";
        case StandIn::server_message:
            return "is the message of a server that refused the download: download the file again";
    }
    return "";
}

void refuse_stand_ins(const fs::path& source) {
    std::map<StandIn, std::vector<std::string>> found;
    for (const auto& file : model_files(source)) {
        if (const auto kind = stand_in_of(file)) found[*kind].push_back(file.filename().string());
    }
    if (found.empty()) return;
    const auto& [kind, names] = *found.begin();
    if (names.size() == 1)
        fail(ErrorCode::invalid_input, "'{}': {} {}", source.string(), names[0], stand_in_text(kind));
    std::string some;
    for (size_t i = 0; i < std::min(names.size(), kNamed); ++i)
        some += (i ? ", " : "") + names[i];
    fail(ErrorCode::invalid_input, "'{}': each of {} files ({}{}) {}", source.string(), names.size(), some,
         names.size() > kNamed ? ", …" : "", stand_in_text(kind));
}

}  // namespace ovenbird
