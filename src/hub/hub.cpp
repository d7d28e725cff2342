#include "hub/hub.hpp"

#include "base/bridge_text.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/platform/process.hpp"

namespace ovenbird {
namespace {

// What a Reporter throws must not pass through Rust: it is kept, and the errand is told to stop.
struct Ears {
    Reporter& reporter;
    std::exception_ptr thrown;

    template <typename Call>
    void guard(const Call& call) {
        try {
            if (!thrown) call();
        } catch (...) {
            thrown = std::current_exception();
        }
    }
    ObHubCaller caller() {
        return {this,
                [](void* user, uint64_t done, uint64_t) {
                    auto& ears = *static_cast<Ears*>(user);
                    ears.guard([&] { ears.reporter.advance(done); });
                },
                [](void* user, const char* text, size_t size) {
                    auto& ears = *static_cast<Ears*>(user);
                    ears.guard([&] { ears.reporter.note(std::string(text, size)); });
                },
                [](void* user) { return interrupted() || static_cast<Ears*>(user)->thrown; }};
    }
};

ErrorCode code_of(ObHubStatus status) {
    switch (status) {
        case OB_HUB_NOT_FOUND:
            return ErrorCode::not_found;
        case OB_HUB_NO_SPACE:
            return ErrorCode::no_space;
        case OB_HUB_CORRUPT:
            return ErrorCode::verification;
        case OB_HUB_INTERRUPTED:
            return ErrorCode::interrupted;
        case OB_HUB_USAGE:
            return ErrorCode::usage;
        case OB_HUB_IO:
        case OB_HUB_NETWORK:
            return ErrorCode::io;
        default:
            return ErrorCode::internal;
    }
}

using Errand = ObHubStatus (*)(const char*, size_t, const ObHubCaller*, ObString*, ObString*);

Json run(Errand errand, const Json& request, Reporter& reporter) {
    const std::string text = request.dump();
    Ears ears{reporter, nullptr};
    const ObHubCaller caller = ears.caller();
    BridgeText answer;
    BridgeText error;
    const ObHubStatus status = errand(text.data(), text.size(), &caller, answer.out(), error.out());
    if (ears.thrown) std::rethrow_exception(ears.thrown);
    if (status != OB_HUB_OK) throw Error(code_of(status), error.str());
    return Json::parse(answer.str());
}

}  // namespace

RepoListing list_repo(const std::string& repo, const std::string& revision, Reporter& reporter) {
    const Json answer = run(ob_hub_list, {{"repo", repo}, {"revision", revision}}, reporter);
    RepoListing listing{repo, revision, answer.at("commit"), answer.at("snapshot").get<std::string>(), {}};
    for (const auto& file : answer.at("files"))
        listing.files.push_back({file.at("path"), file.at("size"), file.at("cached")});
    if (const std::string why = answer.at("offline"); !why.empty())
        reporter.warn(fmt::format("{}; using what was downloaded of {} before (commit {})", why, repo,
                                  listing.commit.substr(0, 8)));
    return listing;
}

void fetch_files(const RepoListing& listing, const std::vector<std::string>& files, Reporter& reporter) {
    uint64_t total = 0;
    bool missing = false;
    for (const auto& file : listing.files) {
        if (std::find(files.begin(), files.end(), file.path) == files.end()) continue;
        total += file.size;
        missing = missing || !file.cached;
    }
    if (!missing) return;
    reporter.begin("download " + listing.repo, total);
    run(ob_hub_fetch, {{"repo", listing.repo}, {"commit", listing.commit}, {"files", files}}, reporter);
    reporter.end();
}

HubSettings hub_settings() {
    BridgeText answer;
    BridgeText error;
    if (!ob_hub_settings(answer.out(), error.out())) throw Error(ErrorCode::usage, error.str());
    const Json told = Json::parse(answer.str());
    return {told.at("endpoint"), told.at("cache").get<std::string>(), told.at("token"), told.at("offline")};
}

}  // namespace ovenbird
