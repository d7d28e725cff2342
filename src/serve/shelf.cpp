#include "serve/shelf.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "hub/store.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLatest = ":latest";

std::string without_latest(const std::string& name) {
    return name.ends_with(kLatest) ? name.substr(0, name.size() - kLatest.size()) : name;
}

std::string name_of_folder(const fs::path& folder) {
    const fs::path whole = fs::weakly_canonical(folder);
    return whole.filename().string();
}

}  // namespace

ModelShelf::ModelShelf(ShelfOptions options) : options_(std::move(options)) {
    for (const auto& word : options_.models) {
        const size_t equals = word.find('=');
        const fs::path folder = equals == std::string::npos ? word : word.substr(equals + 1);
        const std::string name =
            equals == std::string::npos ? name_of_folder(folder) : word.substr(0, equals);
        std::error_code error;
        if (!fs::is_directory(folder, error))
            fail(ErrorCode::not_found, "{}: no such folder; bake a model first (ovenbird bake SOURCE -o {})",
                 folder.string(), folder.string());
        const bool taken =
            std::any_of(named_.begin(), named_.end(), [&](const auto& other) { return other.name == name; });
        if (taken)
            fail(ErrorCode::usage, "two models are called '{}'; name them apart: NAME={}", name,
                 folder.string());
        named_.push_back(look_at(name, folder));
    }
    for (const auto& [alias, name] : options_.aliases) {
        const auto found = std::find_if(named_.begin(), named_.end(), [&](const auto& model) {
            return model.name == name || (name.empty() && &model == &named_.front());
        });
        if (found == named_.end())
            fail(ErrorCode::usage, "--alias {}={}: no model of the command line is called '{}'", alias, name,
                 name);
        found->aliases.push_back(alias);
    }
}

OfferedModel ModelShelf::look_at(const std::string& name, const fs::path& folder) const {
    OfferedModel model;
    model.name = name;
    model.folder = folder;
    model.manifest = find_manifest(folder);
    model.bytes = bytes_below(folder);
    model.made_at = written_at(folder / (model.manifest ? kManifestName : kModelXmlName));
    return model;
}

std::vector<OfferedModel> ModelShelf::offered() const {
    std::vector<OfferedModel> all = named_;
    if (options_.store.empty()) return all;
    for (const auto& stored : stored_models(options_.store)) {
        const bool known =
            std::any_of(all.begin(), all.end(), [&](const auto& model) { return model.name == stored.name; });
        if (known || !stored.fault.empty()) continue;
        all.push_back(look_at(stored.name, stored.folder));
    }
    return all;
}

OfferedModel ModelShelf::find(const std::string& name) const {
    const auto hub_name = parse_model_name(name);  // "hf.co/ORG/NAME", as some clients have it
    const std::string wanted = hub_name ? hub_name->text() : without_latest(name);
    std::string names;
    for (auto& model : offered()) {
        const auto& aliases = model.aliases;
        if (model.name == wanted || model.name == name ||
            std::find(aliases.begin(), aliases.end(), name) != aliases.end() ||
            std::find(aliases.begin(), aliases.end(), wanted) != aliases.end())
            return model;
        names += (names.empty() ? "" : ", ") + model.name;
    }
    fail(ErrorCode::not_found, "no model is called '{}'; there are: {}", name,
         names.empty() ? "none" : names);
}

// Room for one more, besides those that answer: they stay until they are done.
void ModelShelf::make_room(const std::string& name) {
    for (;;) {
        std::shared_ptr<ModelHost> oldest;
        size_t loaded = 1;
        for (const auto& [each, host] : hosts()) {
            if (each == name || host->status().state == HostStatus::State::unloaded) continue;
            ++loaded;
            const bool idle = host->status().state == HostStatus::State::ready;
            if (idle && (!oldest || host->last_used() < oldest->last_used())) oldest = host;
        }
        if (loaded <= options_.most_loaded || !oldest || !oldest->unload()) return;
    }
}

std::shared_ptr<ModelHost> ModelShelf::host(const OfferedModel& model) {
    const std::lock_guard lock(mutex_);
    auto& host = hosts_[model.folder.string()];
    if (host) return host;
    names_[model.folder.string()] = model.name;
    HostOptions options = options_.host;
    options.make_room = [this, name = model.name] { make_room(name); };
    return host = std::make_shared<ModelHost>(Load{model.folder, options_.how}, options);
}

std::vector<std::pair<std::string, std::shared_ptr<ModelHost>>> ModelShelf::hosts() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::pair<std::string, std::shared_ptr<ModelHost>>> all;
    all.reserve(hosts_.size());
    for (const auto& [folder, host] : hosts_)
        all.emplace_back(names_.at(folder), host);
    return all;
}

bool ModelShelf::forget(const std::string& name) {
    const std::string folder = find(name).folder.string();
    std::shared_ptr<ModelHost> host;
    {
        const std::lock_guard lock(mutex_);
        const auto found = hosts_.find(folder);
        if (found == hosts_.end()) return true;
        host = found->second;
    }
    if (!host->unload()) return false;
    const std::lock_guard lock(mutex_);
    hosts_.erase(folder);
    return true;
}

}  // namespace ovenbird
