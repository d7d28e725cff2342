#include "device/c_api.hpp"

#include <array>
#include <utility>

#include "base/error.hpp"

namespace ovenbird {
namespace {

constexpr std::array<std::pair<ElementType, ov_element_type_e>, 15> kTypes{{{ElementType::boolean, BOOLEAN},
                                                                            {ElementType::f16, F16},
                                                                            {ElementType::bf16, BF16},
                                                                            {ElementType::f32, F32},
                                                                            {ElementType::f64, F64},
                                                                            {ElementType::i4, I4},
                                                                            {ElementType::i8, I8},
                                                                            {ElementType::i16, I16},
                                                                            {ElementType::i32, I32},
                                                                            {ElementType::i64, I64},
                                                                            {ElementType::u4, U4},
                                                                            {ElementType::u8, U8},
                                                                            {ElementType::u16, U16},
                                                                            {ElementType::u32, U32},
                                                                            {ElementType::u64, U64}}};

ElementType type_of(ov_element_type_e type) {
    for (const auto& [ours, theirs] : kTypes)
        if (theirs == type) return ours;
    return ElementType::other;
}

ov_element_type_e type_for(ElementType type) {
    for (const auto& [ours, theirs] : kTypes)
        if (ours == type) return theirs;
    fail(ErrorCode::internal, "there are no tensors of {}", name_of(type));
}

PartialShape shape_of(const ov_partial_shape_t& shape) {
    if (shape.rank.min != shape.rank.max) return PartialShape::of_any_rank();
    std::vector<Dimension> axes;
    axes.reserve(static_cast<size_t>(shape.rank.max));
    for (int64_t axis = 0; axis < shape.rank.max; ++axis)
        axes.emplace_back(shape.dims[axis].min, shape.dims[axis].max);
    return PartialShape(std::move(axes));
}

// A shape that only lives as long as a call.
ov_shape_t view_of(std::vector<int64_t>& lengths, const Shape& shape) {
    lengths.assign(shape.begin(), shape.end());
    return {static_cast<int64_t>(lengths.size()), lengths.data()};
}

GraphPort port_of(const ov_output_const_port_t* port) {
    GraphPort found;
    found.name = text_from([&](char** name) { return ov_port_get_any_name(port, name); });
    ov_element_type_e type{};
    demand(ov_port_get_element_type(port, &type));
    found.type = type_of(type);
    ov_partial_shape_t shape{};
    demand(ov_port_get_partial_shape(port, &shape));
    found.shape = shape_of(shape);
    ov_partial_shape_free(&shape);
    return found;
}

// All ports of one side of a graph, which `count` counts and `get` gives.
template <typename Graph>
std::vector<GraphPort> ports(const Graph* graph, ov_status_e (*count)(const Graph*, size_t*),
                             ov_status_e (*get)(const Graph*, size_t, ov_output_const_port_t**)) {
    size_t number = 0;
    demand(count(graph, &number));
    std::vector<GraphPort> found;
    for (size_t index = 0; index < number; ++index) {
        const auto port = handle<ov_output_const_port_t>(
            ov_output_const_port_free, [&](auto** made) { return get(graph, index, made); });
        found.push_back(port_of(port.get()));
    }
    return found;
}

std::vector<ov_property_t> listed(const Properties& properties) {
    std::vector<ov_property_t> list;
    for (const auto& [key, value] : properties)
        list.push_back({key.c_str(), value.c_str()});
    return list;
}

}  // namespace

void demand(ov_status_e status) {
    if (status == OK) return;
    const char* words = ov_get_last_err_msg();
    const std::string what = words == nullptr || *words == '\0' ? ov_get_error_info(status) : words;
    ov_free(words);
    throw Refusal(status, what);
}

ov_core_t* core() {
    // Never let go: a plugin may have threads that end later than this process's static objects.
    static ov_core_t* const instance = handle<ov_core_t>(ov_core_free, ov_core_create).release();
    return instance;
}

std::string core_property(const std::string& device, const char* key) {
    return text_from([&](char** value) { return ov_core_get_property(core(), device.c_str(), key, value); });
}

Handle<ov_model_t> read_model(const std::filesystem::path& model_xml,
                              const std::filesystem::path& weights_bin) {
    return handle<ov_model_t>(ov_model_free, [&](ov_model_t** model) {
        const auto* weights = weights_bin.empty() ? nullptr : weights_bin.c_str();
#ifdef _WIN32
        return ov_core_read_model_unicode(core(), model_xml.c_str(), weights, model);
#else
        return ov_core_read_model(core(), model_xml.c_str(), weights, model);
#endif
    });
}

Handle<ov_compiled_model_t> compile(const ov_model_t* model, const std::string& device,
                                    const Properties& properties) {
    const auto list = listed(properties);
    return handle<ov_compiled_model_t>(ov_compiled_model_free, [&](ov_compiled_model_t** compiled) {
        return ov_core_compile_model_props(core(), model, device.c_str(), list.size(), list.data(), compiled);
    });
}

Handle<ov_compiled_model_t> compile(const std::filesystem::path& model_xml, const std::string& device,
                                    const Properties& properties) {
    const auto list = listed(properties);
    return handle<ov_compiled_model_t>(ov_compiled_model_free, [&](ov_compiled_model_t** compiled) {
#ifdef _WIN32
        return ov_core_compile_model_from_file_unicode_props(core(), model_xml.c_str(), device.c_str(),
                                                             list.size(), list.data(), compiled);
#else
        return ov_core_compile_model_from_file_props(core(), model_xml.c_str(), device.c_str(), list.size(),
                                                     list.data(), compiled);
#endif
    });
}

GraphPorts ports_of(const ov_model_t* model) {
    return {ports<ov_model_t>(model, ov_model_inputs_size, ov_model_const_input_by_index),
            ports<ov_model_t>(model, ov_model_outputs_size, ov_model_const_output_by_index)};
}

GraphPorts ports_of(const ov_compiled_model_t* model) {
    return {
        ports<ov_compiled_model_t>(model, ov_compiled_model_inputs_size, ov_compiled_model_input_by_index),
        ports<ov_compiled_model_t>(model, ov_compiled_model_outputs_size, ov_compiled_model_output_by_index)};
}

Handle<ov_tensor_t> as_openvino(const Tensor& tensor) {
    std::vector<int64_t> lengths;
    const ov_shape_t shape = view_of(lengths, tensor.shape());
    return handle<ov_tensor_t>(ov_tensor_free, [&](ov_tensor_t** made) {
        return ov_tensor_create_from_host_ptr(type_for(tensor.type()), shape, tensor.data(), made);
    });
}

Tensor as_tensor(Handle<ov_tensor_t> tensor) {
    ov_element_type_e type{};
    demand(ov_tensor_get_element_type(tensor.get(), &type));
    ov_shape_t lengths{};
    demand(ov_tensor_get_shape(tensor.get(), &lengths));
    const Shape shape(lengths.dims, lengths.dims + lengths.rank);
    ov_shape_free(&lengths);
    void* memory = nullptr;
    if (count_of(shape) > 0) demand(ov_tensor_data(tensor.get(), &memory));
    return {type_of(type), shape, memory, std::shared_ptr<ov_tensor_t>(std::move(tensor))};
}

Tensor host_tensor(const ov_remote_context_t* context, ElementType type, const Shape& shape) {
    std::vector<int64_t> lengths;
    const ov_shape_t view = view_of(lengths, shape);
    return as_tensor(handle<ov_tensor_t>(ov_tensor_free, [&](ov_tensor_t** made) {
        return ov_remote_context_create_host_tensor(context, type_for(type), view, made);
    }));
}

}  // namespace ovenbird
