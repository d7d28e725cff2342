#include "hub/pull.hpp"

#include <algorithm>

#include "hub/choose_files.hpp"

namespace ovenbird {

namespace fs = std::filesystem;

PulledModel pull(const ModelName& name, Reporter& reporter) {
    const RepoListing listing = list_repo(name.repo, name.revision, reporter);
    const FileChoice choice = choose_files(listing, name.choice);
    for (const auto& note : choice.notes)
        reporter.note(note);
    fetch_files(listing, choice.files, reporter);
    PulledModel pulled{choice.source.empty() ? listing.snapshot : listing.snapshot / choice.source,
                       choice.is_baked, 0};
    for (const auto& file : listing.files) {
        if (std::find(choice.files.begin(), choice.files.end(), file.path) != choice.files.end())
            pulled.bytes += file.size;
    }
    return pulled;
}

fs::path pull_tokenizer(const ModelName& name, Reporter& reporter) {
    const RepoListing listing = list_repo(name.repo, name.revision, reporter);
    fetch_files(listing, choose_text_files(listing).files, reporter);
    return listing.snapshot;
}

std::optional<ModelName> named_model(const fs::path& text) {
    std::error_code error;
    if (text.empty() || fs::exists(text, error)) return std::nullopt;
    return parse_model_name(text.string());
}

fs::path pulled_source(const fs::path& source, Reporter& reporter) {
    const auto name = named_model(source);
    return name ? pull(*name, reporter).source : source;
}

}  // namespace ovenbird
