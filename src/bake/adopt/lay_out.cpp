#include <cstring>
#include <map>
#include <openvino/op/constant.hpp>

#include "bake/adopt/adopt.hpp"
#include "bake/forms/passes.hpp"
#include "base/platform/mapped_file.hpp"
#include "base/platform/process.hpp"
#include "model/baked_folder.hpp"

namespace ovenbird {
namespace {

using Constant = ov::op::v0::Constant;

// What is smaller is written as the graphs' own small constants are.
constexpr size_t kSmallest = 256;

// The large constants that weights are made of, in the order in which they are met.
void collect(const ov::Output<ov::Node>& value, std::vector<std::shared_ptr<Constant>>& found) {
    const auto node = value.get_node_shared_ptr();
    if (const auto constant = ov::as_type_ptr<Constant>(node)) {
        if (constant->get_byte_size() >= kSmallest) found.push_back(constant);
        return;
    }
    for (const auto& input : node->input_values())
        collect(input, found);
}

// All large constants: those of joint products codes behind codes and scales behind scales, then the others.
std::vector<std::shared_ptr<Constant>> in_order(const std::shared_ptr<ov::Model>& model) {
    std::vector<std::shared_ptr<Constant>> order;
    for (const auto& set : joint_products(model)) {
        std::vector<std::vector<std::shared_ptr<Constant>>> parts(set.size());
        size_t most = 0;
        for (size_t i = 0; i < set.size(); ++i) {
            collect(set[i]->input_value(1), parts[i]);
            most = std::max(most, parts[i].size());
        }
        for (size_t k = 0; k < most; ++k)
            for (const auto& part : parts)
                if (k < part.size()) order.push_back(part[k]);
    }
    for (const auto& node : model->get_ordered_ops()) {
        const auto constant = ov::as_type_ptr<Constant>(node);
        if (constant != nullptr && constant->get_byte_size() >= kSmallest) order.push_back(constant);
    }
    return order;
}

}  // namespace

std::shared_ptr<void> lay_out(const std::shared_ptr<ov::Model>& model, const std::filesystem::path& bin,
                              std::span<const std::byte>& mapped, Reporter& reporter) {
    const auto order = in_order(model);
    std::map<const Constant*, uint64_t> places;
    uint64_t end = 0;
    for (const auto& constant : order) {
        if (!places.emplace(constant.get(), end).second) continue;
        end = aligned(end + constant->get_byte_size());
    }
    const auto map = WritableMap::create(bin, std::max(end, kConstantAlignment));
    reporter.begin("stage 1: copy weights", end);
    uint64_t done = 0;
    for (const auto& constant : order) {
        const auto place = places.find(constant.get());
        if (place == places.end()) continue;
        check_interrupted();
        std::byte* target = map->bytes().data() + place->second;
        std::memcpy(target, constant->get_data_ptr(), constant->get_byte_size());
        const auto view = std::make_shared<Constant>(constant->get_element_type(), constant->get_shape(),
                                                     target, std::shared_ptr<void>(map));
        view->set_friendly_name(constant->get_friendly_name());
        done += constant->get_byte_size();
        constant->output(0).replace(view->output(0));
        places.erase(place);
        reporter.advance(done);
    }
    reporter.end();
    map->sync();
    mapped = map->bytes();
    return map;
}

}  // namespace ovenbird
