#pragma once
// A hub's repositories: what files they have, and those files in the cache that huggingface_hub keeps too.
// Endpoint, cache, token, proxies and time limits come from huggingface_hub's environment variables.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/report.hpp"

namespace ovenbird {

struct RepoFile {
    std::string path;  // below the snapshot, with '/'
    uint64_t size = 0;
    bool cached = false;
};

/// A repository at one commit.
struct RepoListing {
    std::string repo;
    std::string revision;
    std::string commit;
    std::filesystem::path snapshot;
    std::vector<RepoFile> files;
};

/// Asks the hub for the commit of a revision and for its files. Where the hub cannot be reached, or must not
/// be, what was downloaded before is listed, with a warning. Errors: not_found (no such repository or
/// revision, gated, private: what to do), io, interrupted, usage.
RepoListing list_repo(const std::string& repo, const std::string& revision, Reporter& reporter);

/// Downloads those of `files` that are not there, several at a time, resuming what an earlier call began.
/// Every file has the size and the hash that the hub says, or there is an error. Errors: not_found, io,
/// no_space, verification (wrong bytes again and again), interrupted.
void fetch_files(const RepoListing& listing, const std::vector<std::string>& files, Reporter& reporter);

/// What the environment says of the hub. Nobody is asked.
struct HubSettings {
    std::string endpoint;
    std::filesystem::path cache;
    bool has_token = false;
    bool offline = false;
};
/// Errors: usage (a variable that cannot be).
HubSettings hub_settings();

}  // namespace ovenbird
