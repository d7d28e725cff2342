#include "hub/store.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/platform/files.hpp"
#include "base/platform/process.hpp"
#include "model/manifest.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

// A folder's name: no '/' of a branch or a file may make another folder of it.
std::string escaped(const std::string& text) {
    std::string result;
    for (const char letter : text)
        letter == '/' ? result.append("%2F") : result.append(1, letter);
    return result;
}

std::string unescaped(std::string text) {
    for (size_t at = text.find("%2F"); at != std::string::npos; at = text.find("%2F", at))
        text.replace(at, 3, "/");
    return text;
}

ModelName name_of(const std::string& org, std::string folder) {
    ModelName name;
    if (const size_t equals = folder.find('='); equals != std::string::npos) {
        name.choice = unescaped(folder.substr(equals + 1));
        folder.resize(equals);
    }
    if (const size_t at = folder.find('@'); at != std::string::npos) {
        name.revision = unescaped(folder.substr(at + 1));
        folder.resize(at);
    }
    name.repo = org + "/" + folder;
    return name;
}

std::vector<fs::path> folders_in(const fs::path& folder) {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        if (it->is_directory(error)) found.push_back(it->path());
    }
    return found;
}

std::string form_of(const Manifest& manifest) {
    const Json& options = manifest.options;
    const int64_t bits = options.value("bits", int64_t{0});
    std::string form = bits == 16 ? "f16" : bits > 0 ? fmt::format("INT{}", bits) : manifest.source_kind;
    if (bits == 4 || bits == 8) form += options.value("symmetric", true) ? " sym" : " asym";
    if (bits == 4) {
        const int64_t group = options.value("group-size", int64_t{-1});
        form += group == -1 ? " per channel" : fmt::format(" g{}", group);
    }
    return form + (manifest.context > 0 ? fmt::format(", context {}", manifest.context)
                                        : fmt::format(", window {}", manifest.seq_len));
}

StoredModel stored(const ModelName& name, const fs::path& folder) {
    StoredModel model{name.text(), folder, bytes_below(folder), "", "", written_at(folder / kManifestName),
                      ""};
    try {
        const Manifest manifest = read_manifest(folder);
        if (manifest.origin) model.commit = manifest.origin->commit;
        model.form = form_of(manifest);
    } catch (const std::exception& error) {
        model.fault = error.what();  // one broken folder must not hide the others
    }
    return model;
}

}  // namespace

uint64_t bytes_below(const fs::path& folder) {
    uint64_t bytes = 0;
    std::error_code error;
    for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        std::error_code ignored;
        if (it->is_regular_file(ignored)) bytes += it->file_size(ignored);
    }
    return bytes;
}

int64_t written_at(const fs::path& file) {
    std::error_code error;
    const auto time = fs::last_write_time(file, error);
    if (error) return 0;
    const auto system = std::chrono::file_clock::to_sys(time);
    return std::chrono::duration_cast<std::chrono::seconds>(system.time_since_epoch()).count();
}

fs::path model_store() {
    return user_data_folder() / "models";
}

fs::path baked_place(const fs::path& store, const ModelName& name) {
    const size_t slash = name.repo.find('/');
    std::string folder = name.repo.substr(slash + 1);
    if (name.revision != "main") folder += "@" + escaped(name.revision);
    if (!name.choice.empty()) folder += "=" + escaped(name.choice);
    return store / name.repo.substr(0, slash) / folder;
}

std::vector<StoredModel> stored_models(const fs::path& store) {
    std::vector<StoredModel> models;
    for (const auto& org : folders_in(store)) {
        for (const auto& folder : folders_in(org)) {
            std::error_code error;
            const bool hidden = folder.filename().string().starts_with('.');  // a bake that was cut short
            if (hidden || !fs::is_regular_file(folder / kManifestName, error)) continue;
            const ModelName name = name_of(org.filename().string(), folder.filename().string());
            if (parse_model_name(name.text())) models.push_back(stored(name, folder));
        }
    }
    std::sort(models.begin(), models.end(),
              [](const StoredModel& a, const StoredModel& b) { return a.name < b.name; });
    return models;
}

void remove_stored(const fs::path& store, const ModelName& name) {
    const fs::path place = baked_place(store, name);
    std::error_code error;
    if (!fs::is_directory(place, error)) {
        std::string there;
        for (const auto& model : stored_models(store))
            there += (there.empty() ? "" : ", ") + model.name;
        fail(ErrorCode::not_found, "{} is not baked here; baked are: {}", name.text(),
             there.empty() ? "none" : there);
    }
    remove_tree(place);
    fs::remove(place.parent_path(), error);  // when it was the last of its organisation
}

}  // namespace ovenbird
