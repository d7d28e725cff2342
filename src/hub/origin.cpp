#include "hub/origin.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/platform/files.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "models--";
constexpr uint64_t kLargestTreeBytes = uint64_t{64} << 20;

bool is_hex(const std::string& text, size_t digits) {
    return text.size() == digits && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string named_hash(const std::string& etag) {
    return (is_hex(etag, 64) ? "sha256:" : is_hex(etag, 40) ? "git-sha1:" : "etag:") + etag;
}

struct Place {
    fs::path snapshot;
    std::string repo;
    std::string commit;
};

std::optional<Place> place_of(const fs::path& source) {
    fs::path snapshot = fs::absolute(source).lexically_normal();
    for (; snapshot.has_relative_path(); snapshot = snapshot.parent_path()) {
        const fs::path snapshots = snapshot.parent_path();
        const std::string folder = snapshots.parent_path().filename().string();
        const std::string commit = snapshot.filename().string();
        const size_t between = folder.find("--", kPrefix.size());
        if (snapshots.filename() != "snapshots" || !folder.starts_with(kPrefix) ||
            between == std::string::npos || !is_hex(commit, 40))
            continue;
        const std::string org = folder.substr(kPrefix.size(), between - kPrefix.size());
        return Place{snapshot, org + "/" + folder.substr(between + 2), commit};
    }
    return std::nullopt;
}

// Where the cache has no links, its list of files says the hashes.
Json listed_files(const Place& place) {
    const fs::path tree = place.snapshot.parent_path().parent_path() / "trees" / (place.commit + ".json");
    std::error_code error;
    if (!fs::is_regular_file(tree, error)) return Json::object();
    const Json json = Json::parse(read_file(tree, kLargestTreeBytes), nullptr, false);
    return json.is_object() ? json.value("files", Json::object()) : Json::object();
}

std::string hash_of(const fs::path& file, const std::string& name, const Json& listed) {
    std::error_code error;
    const fs::path blob = fs::read_symlink(file, error);
    if (!error && blob.parent_path().filename() == "blobs") return named_hash(blob.filename().string());
    if (!listed.is_object() || !listed.contains(name) || !listed[name].is_object()) return "";
    for (const char* key : {"lfs_sha256", "blob_id"}) {
        if (listed[name].contains(key) && listed[name][key].is_string())
            return named_hash(listed[name][key].get<std::string>());
    }
    return "";
}

}  // namespace

std::optional<HubOrigin> hub_origin(const fs::path& source, const std::vector<fs::path>& files) {
    const auto place = place_of(source);
    if (!place) return std::nullopt;
    HubOrigin origin{place->repo, place->commit, Json::object()};
    const Json listed = listed_files(*place);
    for (const auto& file : files) {
        const std::string name =
            fs::absolute(file).lexically_normal().lexically_relative(place->snapshot).generic_string();
        if (const std::string hash = hash_of(file, name, listed); !hash.empty()) origin.files[name] = hash;
    }
    return origin;
}

}  // namespace ovenbird
