#include "device/compiled_cache.hpp"

#include "base/error.hpp"
#include "cmd/commands.hpp"
#include "cmd/options.hpp"
#include "cmd/output.hpp"

namespace ovenbird {

int cache_command(int argc, char** argv) {
    CLI::App app("Show or clear the compiled models that `ovenbird run` keeps between runs",
                 "ovenbird cache");
    std::string action = "show";
    std::filesystem::path folder = compiled_cache_folder();
    app.add_option("action", action, "show, or clear to delete all")->check(CLI::IsMember({"show", "clear"}));
    app.add_option("--cache-dir", folder, "The cache's folder")->capture_default_str();
    if (!parse_command(app, argc, argv)) return 0;

    uint64_t total = 0;
    const auto entries = cache_entries(folder);
    for (const auto& entry : entries)
        total += entry.bytes;
    if (action == "clear") {
        std::error_code none;
        if (std::filesystem::exists(folder, none) && !is_own_cache(folder)) {
            fail(ErrorCode::usage,
                 "{}: is not marked as a cache of Ovenbird's (CACHEDIR.TAG), so nothing was deleted; if it "
                 "is one, "
                 "delete it yourself",
                 folder.string());
        }
        const size_t removed = trim_cache(folder, 0);
        if (removed < entries.size())
            fail(ErrorCode::io, "{}: some files cannot be deleted", folder.string());
        print_output("{}: {} compiled models deleted, {:.1f} MiB\n", folder.string(), removed,
                     static_cast<double>(total) / (1 << 20));
        return 0;
    }
    print_output("place    {}\n", folder.string());
    print_output("entries  {}\n", entries.size());
    print_output("size     {:.1f} MiB\n", static_cast<double>(total) / (1 << 20));
    print_output("limit    {} MiB; the least recently used go first\n", kCacheLimitBytes >> 20);
    return 0;
}

}  // namespace ovenbird
