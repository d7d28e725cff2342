#pragma once
// The models that a server offers, by their names, and the one host of each.

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "model/manifest.hpp"
#include "serve/supervise/model_host.hpp"

namespace ovenbird {

struct ShelfOptions {
    /// Folders that ovenbird bake made, each as "folder" or "name=folder". The first is the usual one.
    std::vector<std::string> models{};
    std::map<std::string, std::string> aliases{};  // another name: a model's name
    std::filesystem::path store{};  // models baked by name are offered, too; empty: they are not
    SessionOptions how{};           // to open each
    HostOptions host{};
    size_t most_loaded = 1;  // workers at a time
};

/// What is known of a model without opening it.
struct OfferedModel {
    std::string name{};
    std::filesystem::path folder{};
    std::optional<Manifest> manifest{};
    uint64_t bytes = 0;   // on disk
    int64_t made_at = 0;  // seconds since 1970
    std::vector<std::string> aliases{};
};

class ModelShelf {
public:
    /// Errors: not_found, invalid_input (a folder that is none of ours), usage (two models of one name).
    explicit ModelShelf(ShelfOptions options);

    /// All models, those of the command line first. Reads the store anew.
    std::vector<OfferedModel> offered() const;
    /// By its name, an alias, or either with ":latest" behind it. Errors: not_found, with those there are.
    OfferedModel find(const std::string& name) const;
    /// The host of a model that find() gave; made at its first use, kept from then on.
    std::shared_ptr<ModelHost> host(const OfferedModel& model);
    /// Those that were made, by name.
    std::vector<std::pair<std::string, std::shared_ptr<ModelHost>>> hosts() const;
    /// Forgets a model's host, ended. False: it is busy.
    bool forget(const std::string& name);

private:
    OfferedModel look_at(const std::string& name, const std::filesystem::path& folder) const;
    void make_room(const std::string& name);

    ShelfOptions options_;
    std::vector<OfferedModel> named_;
    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<ModelHost>> hosts_;  // by folder
    std::map<std::string, std::string> names_;                 // of the hosts
};

}  // namespace ovenbird
