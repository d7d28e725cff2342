#include "bake/work_folder.hpp"

#include "base/error.hpp"
#include "model/manifest.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

bool is_empty_folder(const fs::path& path) {
    std::error_code error;
    return fs::is_directory(path, error) && fs::is_empty(path, error);
}

// --force must never delete somebody's documents: only what looks like a baked model is replaced.
void check_replaceable(const fs::path& output, bool replace) {
    std::error_code error;
    if (!fs::exists(fs::symlink_status(output, error)) || is_empty_folder(output)) return;
    if (!fs::is_directory(output, error)) {
        fail(ErrorCode::usage, "{}: exists and is not a folder; choose another name", output.string());
    }
    if (!replace) {
        fail(ErrorCode::usage, "{}: exists already; use --force to replace it, or choose another name",
             output.string());
    }
    if (!fs::exists(output / kManifestName, error)) {
        fail(ErrorCode::usage,
             "{}: is not a folder that Ovenbird made (no {}); delete it yourself or choose another "
             "name",
             output.string(), kManifestName);
    }
}

fs::path normal_output(const fs::path& output) {
    auto normal = fs::absolute(output).lexically_normal();
    if (!normal.has_filename()) normal = normal.parent_path();
    if (!normal.has_filename()) fail(ErrorCode::usage, "{}: cannot be an output folder", output.string());
    return normal;
}

}  // namespace

WorkFolder::WorkFolder(const fs::path& output, bool replace)
    : output_(normal_output(output)), replace_(replace) {
    check_replaceable(output_, replace);
    work_ = output_.parent_path() / fmt::format(".{}.baking", output_.filename().string());
    content_ = work_ / "content";
    std::error_code error;
    fs::create_directories(work_, error);
    if (error) {
        fail(ErrorCode::io, "{}: cannot create the work folder: {}", work_.string(), error.message());
    }
    lock_ = FileLock::try_lock(work_ / "lock");
    if (!lock_.held()) {
        fail(ErrorCode::usage,
             "{}: another bake is working on this output; wait for it or choose another name",
             output_.string());
    }
    remove_tree(content_);  // a killed bake's
    fs::create_directories(content_, error);
    if (error)
        fail(ErrorCode::io, "{}: cannot create the work folder: {}", content_.string(), error.message());
}

WorkFolder::~WorkFolder() {
    if (!lock_.held()) return;
    try {
        std::error_code ignored;
        remove_tree(fs::exists(kept(), ignored) ? content_ : work_);
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): a destructor
        // Nothing more can be done here; the next bake clears it.
    }
}

void WorkFolder::publish() {
    sync_tree(content_);
    publish_folder(content_, output_, replace_ || is_empty_folder(output_));
    remove_tree(work_);
    lock_ = FileLock();
}

}  // namespace ovenbird
