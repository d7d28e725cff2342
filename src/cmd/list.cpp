#include <fmt/chrono.h>

#include <algorithm>

#include "base/json.hpp"
#include "cmd/commands.hpp"
#include "cmd/options.hpp"
#include "cmd/output.hpp"
#include "hub/store.hpp"

namespace ovenbird {
namespace {

Json models_json(const std::vector<StoredModel>& models) {
    Json list = Json::array();
    for (const auto& model : models) {
        list.push_back({{"name", model.name},
                        {"folder", model.folder.string()},
                        {"bytes", model.bytes},
                        {"form", model.form},
                        {"commit", model.commit},
                        {"baked_at", model.baked_at},
                        {"fault", model.fault}});
    }
    return list;
}

std::string day_of(int64_t seconds) {
    return fmt::format("{:%Y-%m-%d}", fmt::localtime(static_cast<time_t>(seconds)));
}

void print_table(const std::vector<StoredModel>& models) {
    size_t name_width = 4;
    size_t form_width = 4;
    for (const auto& model : models) {
        name_width = std::max(name_width, model.name.size());
        form_width = std::max(form_width, model.form.size());
    }
    print_output("{:<{}}  {:>10}  {:<{}}  {:<10}  {}\n", "name", name_width, "size", "form", form_width,
                 "baked", "revision");
    for (const auto& model : models) {
        print_output("{:<{}}  {:>6} MiB  {:<{}}  {:<10}  {}\n", model.name, name_width, model.bytes >> 20,
                     model.form, form_width, day_of(model.baked_at),
                     model.fault.empty() ? model.commit.substr(0, 8) : "broken: " + model.fault);
    }
}

}  // namespace

int list_command(int argc, char** argv) {
    CLI::App app("Show the models that were baked by their name", "ovenbird list");
    bool json = false;
    app.add_flag("--json", json, "Print them as JSON");
    if (!parse_command(app, argc, argv)) return 0;
    const auto models = stored_models(model_store());
    if (json) {
        write_output(models_json(models).dump(2) + "\n");
    } else if (models.empty()) {
        print_output("no models in {}; ovenbird run ORG/NAME makes the first\n", model_store().string());
    } else {
        print_table(models);
    }
    return 0;
}

}  // namespace ovenbird
