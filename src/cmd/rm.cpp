#include "base/error.hpp"
#include "cmd/commands.hpp"
#include "cmd/options.hpp"
#include "cmd/output.hpp"
#include "hub/store.hpp"

namespace ovenbird {

int rm_command(int argc, char** argv) {
    CLI::App app(
        "Delete models that were baked by their name. Their downloads stay in the hub's cache, which other "
        "programs use too (hf cache rm deletes those).",
        "ovenbird rm");
    std::vector<std::string> texts;
    app.add_option("name", texts, "ORG/NAME, as ovenbird list shows it")->required();
    if (!parse_command(app, argc, argv)) return 0;
    std::vector<ModelName> names;
    for (const auto& text : texts) {
        auto name = parse_model_name(text);
        if (!name) fail(ErrorCode::usage, "'{}' is no name of a model; ovenbird list shows them", text);
        names.push_back(std::move(*name));
    }
    for (const auto& name : names) {
        remove_stored(model_store(), name);
        print_output("deleted {}\n", name.text());
    }
    return 0;
}

}  // namespace ovenbird
