#include "bake/graph/layers.hpp"

namespace ovenbird {

using namespace ov::op;

std::shared_ptr<v0::Parameter> named_input(const std::string& name, const ov::element::Type& type,
                                           const ov::PartialShape& shape) {
    auto input = std::make_shared<v0::Parameter>(type, shape);
    input->set_friendly_name(name);
    input->get_output_tensor(0).set_names({name});
    return input;
}

std::shared_ptr<v0::Constant> integers(const std::vector<int64_t>& values) {
    return v0::Constant::create(ov::element::i64, {values.size()}, values);
}

std::shared_ptr<v0::Constant> integer(int64_t value) {
    return v0::Constant::create(ov::element::i64, {}, {value});
}

}  // namespace ovenbird
