#include "doctor/system_tree.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace ovenbird {
namespace {

constexpr size_t kLongestLine = 256;
constexpr size_t kMostNames = 4096;

std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

bool is_text(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

std::string shown_text(std::string_view text) {
    const std::string line = trimmed(text);
    return line.size() <= kLongestLine && is_text(line) ? line : std::string();
}

std::filesystem::path SystemTree::at(std::string_view place) const {
    return root_ / std::filesystem::path(place).relative_path();
}

bool SystemTree::has(std::string_view place) const {
    std::error_code none;
    return std::filesystem::exists(at(place), none);
}

std::string SystemTree::start(std::string_view place, size_t max_bytes) const {
    std::error_code none;
    // A pipe would wait for a writer, a device has no end.
    if (!std::filesystem::is_regular_file(at(place), none)) return {};
    std::ifstream stream(at(place), std::ios::binary);
    std::string content(max_bytes, '\0');
    stream.read(content.data(), static_cast<std::streamsize>(max_bytes));
    content.resize(static_cast<size_t>(std::max<std::streamsize>(stream.gcount(), 0)));
    return content;
}

std::string SystemTree::line(std::string_view place) const {
    const std::string content = start(place, kLongestLine + 1);
    return shown_text(std::string_view(content).substr(0, content.find('\n')));
}

std::string SystemTree::value(std::string_view place, std::string_view key) const {
    std::istringstream stream(start(place, size_t{1} << 20));
    for (std::string line; std::getline(stream, line);) {
        const auto colon = line.find(':');
        if (colon != std::string::npos && trimmed(std::string_view(line).substr(0, colon)) == key)
            return shown_text(std::string_view(line).substr(colon + 1));
    }
    return {};
}

std::vector<std::string> SystemTree::names(std::string_view place) const {
    std::vector<std::string> found;
    std::error_code error;
    std::filesystem::directory_iterator entry(at(place), error);
    for (; !error && entry != std::filesystem::directory_iterator() && found.size() < kMostNames;
         entry.increment(error)) {
        if (const std::string name = entry->path().filename().string(); is_text(name)) found.push_back(name);
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::string SystemTree::link_name(std::string_view place) const {
    std::error_code error;
    const auto target = std::filesystem::read_symlink(at(place), error);
    return error ? std::string() : shown_text(target.filename().string());
}

std::optional<Group> find_group(const SystemTree& system, uint32_t number) {
    std::istringstream stream(system.start("/etc/group", size_t{1} << 20));
    for (std::string line; std::getline(stream, line);) {
        std::istringstream words(line);
        std::string name, password, id, members;
        std::getline(words, name, ':');
        std::getline(words, password, ':');
        std::getline(words, id, ':');
        std::getline(words, members);
        if (id != std::to_string(number) || !is_text(name)) continue;
        Group group{name, {}};
        std::istringstream list(members);
        for (std::string member; std::getline(list, member, ',');)
            group.members.push_back(member);
        return group;
    }
    return std::nullopt;
}

}  // namespace ovenbird
