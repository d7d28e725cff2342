#include "bake/source/gguf_parts.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <system_error>

#include "bake/source/printable.hpp"
#include "base/error.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxParts = 4096;  // far above any model: it bounds what a lying header makes us look for
constexpr size_t kMaxNamed = 5;      // missing parts in one message

// "model-00002-of-00005.gguf" taken apart.
struct PartName {
    std::string stem;    // "model"
    int64_t number = 0;  // from 1 on
    int64_t count = 0;
    std::string extension;  // ".gguf", as the name spells it

    std::string of(int64_t part) const {
        return fmt::format("{}-{:05}-of-{:05}{}", stem, part, count, extension);
    }
};

std::optional<int64_t> five_digits(std::string_view text) {
    int64_t number = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        number = 10 * number + (c - '0');
    }
    return number;
}

std::optional<PartName> part_name(const std::string& name) {
    constexpr size_t kEnding = sizeof("-00000-of-00000") - 1;
    const size_t dot = name.rfind('.');
    if (dot == std::string::npos || dot < kEnding) return std::nullopt;
    const std::string_view ending = std::string_view(name).substr(dot - kEnding, kEnding);
    const auto number = five_digits(ending.substr(1, 5));
    const auto count = five_digits(ending.substr(10));
    if (!number || !count || ending[0] != '-' || ending.substr(6, 4) != "-of-") return std::nullopt;
    return PartName{name.substr(0, dot - kEnding), *number, *count, name.substr(dot)};
}

GgufPart open_part(const fs::path& path) {
    GgufPart part;
    part.map = MappedFile::open(path);
    part.header = parse_gguf(part.map->bytes(), printable(path.string()));
    return part;
}

void refuse_missing(const std::vector<fs::path>& paths, const std::string& origin) {
    std::string names;
    size_t missing = 0;
    for (const fs::path& path : paths) {
        std::error_code ignored;
        if (fs::is_regular_file(path, ignored)) continue;  // follows links: the hub's cache is made of them
        if (++missing <= kMaxNamed) names += (names.empty() ? "" : ", ") + printable(path.string());
    }
    if (missing == 0) return;
    if (missing > kMaxNamed) names += fmt::format(" and {} more", missing - kMaxNamed);
    fail(ErrorCode::not_found,
         "{}: one of {} parts of a model; not there: {}. Download what is missing into the same folder and "
         "bake "
         "again",
         origin, paths.size(), names);
}

void check_key(const GgufMetadata& metadata, const char* key, int64_t expected) {
    const auto value = metadata.integer(key);
    if (value == expected) return;
    fail(ErrorCode::invalid_input,
         "{}: not the part that its name says: metadata {} is {}, expected {}. Download the parts again, all "
         "of "
         "one model",
         metadata.origin(), key, value ? std::to_string(*value) : "missing", expected);
}

// The tensors of all parts together: as many as the parts say, none twice.
void check_tensors(const std::vector<GgufPart>& parts, int64_t expected) {
    std::map<std::string_view, const std::string*> places;
    const auto place = [&](const std::string& name, const std::string& origin) {
        const auto [there, is_new] = places.emplace(name, &origin);
        if (is_new) return;
        fail(ErrorCode::invalid_input,
             "{}: tensor {} is in {} too; these are not parts of one model. Download the parts again, all of "
             "one "
             "model",
             origin, printable(name), *there->second);
    };
    for (const GgufPart& part : parts) {
        for (const StoredTensor& tensor : part.header.tensors)
            place(tensor.name, part.header.metadata.origin());
        for (const UnreadableTensor& tensor : part.header.unreadable)
            place(tensor.name, part.header.metadata.origin());
    }
    if (places.size() == static_cast<uint64_t>(expected)) return;
    fail(ErrorCode::invalid_input,
         "{}: its {} parts hold {} tensors, metadata split.tensors.count says {}; a part is not of this "
         "model: "
         "download the parts again, all of one model",
         parts.front().header.metadata.origin(), parts.size(), places.size(), expected);
}

}  // namespace

std::vector<fs::path> gguf_part_paths(const fs::path& path, const GgufMetadata& metadata) {
    const int64_t count = metadata.integer("split.count").value_or(0);
    if (count == 0 || count == 1) return {path};
    if (count < 0 || count > kMaxParts) {
        fail(
            ErrorCode::invalid_input,
            "{}: metadata split.count is {}, expected up to {} parts; the file is damaged: download it again",
            metadata.origin(), count, kMaxParts);
    }
    const auto name = part_name(path.filename().string());
    if (!name || name->count != count || name->number < 1 || name->number > count) {
        fail(ErrorCode::invalid_input,
             "{}: one of {} parts of a model (metadata split.count), but its name does not end in "
             "-00001-of-{:05}.gguf or the like, by which the others are found; give all parts their names "
             "back",
             metadata.origin(), count, count);
    }
    std::vector<fs::path> paths;
    for (int64_t part = 1; part <= count; ++part)
        paths.push_back(path.parent_path() / name->of(part));
    return paths;
}

std::vector<GgufPart> open_gguf_parts(const fs::path& path) {
    std::vector<GgufPart> parts;
    parts.push_back(open_part(path));
    const std::vector<fs::path> paths = gguf_part_paths(path, parts.front().header.metadata);
    if (paths.size() == 1) return parts;
    const std::string given = parts.front().header.metadata.origin();
    const auto count = static_cast<int64_t>(paths.size());
    const int64_t tensors = parts.front().header.metadata.required_integer("split.tensors.count");
    refuse_missing(paths, given);
    parts.clear();
    for (const fs::path& own : paths) {
        parts.push_back(open_part(own));
        const GgufMetadata& metadata = parts.back().header.metadata;
        check_key(metadata, "split.count", count);
        check_key(metadata, "split.no", static_cast<int64_t>(parts.size()) - 1);
        check_key(metadata, "split.tensors.count", tensors);
    }
    check_tensors(parts, tensors);
    return parts;
}

}  // namespace ovenbird
