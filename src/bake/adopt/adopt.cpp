#include "bake/adopt/adopt.hpp"

#include "bake/forms/passes.hpp"
#include "model/decoder_names.hpp"

namespace ovenbird {

Adopted adopt(const std::shared_ptr<ov::Model>& model, const std::string& windows) {
    name_ports(model);
    if (!windows.empty()) model->set_rt_info(windows, "ovenbird", kSlidingWindows);
    const std::string why_not = give_cache(model);
    if (!why_not.empty()) return {false, why_not};
    model->validate_nodes_and_infer_types();
    return {true, ""};
}

}  // namespace ovenbird
