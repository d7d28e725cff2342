#include "bake/test_breakages.hpp"

#include <gtest/gtest.h>

#include <openvino/op/ops.hpp>

#include "bake/forms/ir_file.hpp"
#include "model/config.hpp"
#include "model/decoder_names.hpp"

namespace ovenbird {
namespace {

using namespace ov::op;
using Value = ov::Output<ov::Node>;

Value plus(const Value& value, int64_t by) {
    return std::make_shared<v1::Add>(value, v0::Constant::create(value.get_element_type(), {}, {by}));
}

template <typename Op>
size_t shift_keys_of(ov::Model& model, int64_t by) {
    size_t count = 0;
    for (const auto& node : model.get_ordered_ops()) {
        if (!ov::is_type<Op>(node)) continue;
        node->input(0).replace_source_output(plus(node->input_value(0), by));
        ++count;
    }
    return count;
}

std::shared_ptr<v0::Constant> constant_named(const ov::Model& model, const std::string& name) {
    for (const auto& node : model.get_ops()) {
        if (node->get_friendly_name() == name) return ov::as_type_ptr<v0::Constant>(node);
    }
    return nullptr;
}

void swap_readers(const std::shared_ptr<v0::Constant>& one, const std::shared_ptr<v0::Constant>& other) {
    const auto of_one = one->output(0).get_target_inputs();
    const auto of_other = other->output(0).get_target_inputs();
    for (auto reader : of_one)
        reader.replace_source_output(other);
    for (auto reader : of_other)
        reader.replace_source_output(one);
}

// Where rows of a rotary table are looked up, or angles turned into cosines and sines.
bool is_rotary(const ov::Node& node, bool cosines_only) {
    const auto& name = node.get_friendly_name();
    const bool cosine = ov::is_type<v0::Cos>(&node) || name.starts_with("rope/cosine");
    return cosine || (!cosines_only && (ov::is_type<v0::Sin>(&node) || name.starts_with("rope/sine")));
}

}  // namespace

void break_graph(const std::filesystem::path& xml, const std::filesystem::path& bin,
                 const Breakage& breakage) {
    const auto read = read_ir(xml, bin);
    ASSERT_GT(breakage(*read.model), 0U) << xml << " has nothing to break";
    read.model->validate_nodes_and_infer_types();
    write_ir(read.model, xml, bin, read.weights->bytes());
}

Breakage causal_mask_off(int64_t by) {
    return [by](ov::Model& model) { return shift_keys_of<v1::LessEqual>(model, by); };
}

Breakage window_off(int64_t by) {
    return [by](ov::Model& model) { return shift_keys_of<v1::Greater>(model, by); };
}

Breakage oldest_not_seen() {
    return [](ov::Model& model) {
        size_t count = 0;
        for (const auto& node : model.get_ordered_ops()) {
            if (!ov::is_type<v1::LessEqual>(node)) continue;
            const auto readers = node->output(0).get_target_inputs();
            const auto later = std::make_shared<v1::Greater>(node->input_value(0),
                                                             v0::Constant::create(ov::element::i64, {}, {0}));
            const auto both = std::make_shared<v1::LogicalAnd>(node, later);
            for (auto reader : readers)
                reader.replace_source_output(both);
            ++count;
        }
        return count;
    };
}

Breakage places_off(int64_t by) {
    return [by](ov::Model& model) {
        size_t count = 0;
        for (const auto& node : model.get_ordered_ops()) {
            const bool of_places = ov::is_type<v0::Concat>(node) && node->get_input_size() == 2 &&
                                   node->get_output_element_type(0) == ov::element::i64 &&
                                   ov::is_type<v0::Constant>(node->get_input_node_ptr(0)) &&
                                   node->get_input_shape(0).size() == 1 && node->get_input_shape(0)[0] > 8;
            if (!of_places) continue;
            node->input(0).replace_source_output(plus(node->input_value(0), by));
            ++count;
        }
        return count;
    };
}

Breakage told_windows_off(int64_t by) {
    return [by](ov::Model& model) {
        if (!model.has_rt_info("ovenbird", kSlidingWindows)) return size_t{0};
        size_t count = 0;
        std::string text;
        for (auto window :
             read_sliding_windows(model.get_rt_info<std::string>("ovenbird", kSlidingWindows))) {
            count += window > 0 ? 1 : 0;
            text += (text.empty() ? "" : " ") + std::to_string(window > 0 ? window + by : 0);
        }
        model.set_rt_info(text, "ovenbird", kSlidingWindows);
        return count;
    };
}

Breakage swapped(const std::string& first, const std::string& second) {
    return [first, second](ov::Model& model) {
        size_t count = 0;
        for (const auto& node : model.get_ordered_ops()) {
            const auto one = ov::as_type_ptr<v0::Constant>(node);
            std::string name = node->get_friendly_name();
            const size_t at = name.find(first);
            if (one == nullptr || at == std::string::npos) continue;
            const auto other = constant_named(model, name.replace(at, first.size(), second));
            const bool alike = other != nullptr && one->get_shape() == other->get_shape() &&
                               one->get_element_type() == other->get_element_type();
            if (!alike) continue;
            swap_readers(one, other);
            ++count;
        }
        return count;
    };
}

Breakage angles_off(int64_t by, bool cosines_only) {
    return [by, cosines_only](ov::Model& model) {
        size_t count = 0;
        for (const auto& node : model.get_ordered_ops()) {
            if (!is_rotary(*node, cosines_only)) continue;
            const size_t port = ov::is_type<v8::Gather>(node) ? 1 : 0;
            node->input(port).replace_source_output(plus(node->input_value(port), by));
            ++count;
        }
        return count;
    };
}

}  // namespace ovenbird
