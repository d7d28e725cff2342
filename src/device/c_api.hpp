#pragma once
// OpenVINO's C interface with owners for its handles and exceptions for its statuses. Inside this room only.

// Paths in wide characters where the system has them; elsewhere they are UTF-8.
#ifdef _WIN32
#ifndef OPENVINO_ENABLE_UNICODE_PATH_SUPPORT
#define OPENVINO_ENABLE_UNICODE_PATH_SUPPORT
#endif
#include <wchar.h>
#endif
#include <openvino/c/openvino.h>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "device/device.hpp"

namespace ovenbird {

/// What OpenVINO refused, in its own words.
class Refusal : public std::runtime_error {
public:
    Refusal(ov_status_e status, const std::string& what) : std::runtime_error(what), status_(status) {}
    ov_status_e status() const { return status_; }

private:
    ov_status_e status_;
};

/// Errors: Refusal, unless the status is OK.
void demand(ov_status_e status);

template <typename T>
using Handle = std::unique_ptr<T, void (*)(T*)>;

/// The handle that `make` gives. Errors: Refusal.
template <typename T, typename Make>
Handle<T> handle(void (*release)(T*), const Make& make) {
    T* made = nullptr;
    demand(make(&made));
    return {made, release};
}

/// The text that `make` gives. Errors: Refusal.
template <typename Make>
std::string text_from(const Make& make) {
    char* made = nullptr;
    demand(make(&made));
    const std::string text = made == nullptr ? "" : made;
    ov_free(made);
    return text;
}

/// One for the process: OpenVINO loads its plugins once.
ov_core_t* core();

std::string core_property(const std::string& device, const char* key);

/// What a graph is compiled with.
using Properties = std::map<std::string, std::string>;

/// Errors: Refusal.
Handle<ov_model_t> read_model(const std::filesystem::path& model_xml,
                              const std::filesystem::path& weights_bin);
Handle<ov_compiled_model_t> compile(const ov_model_t* model, const std::string& device,
                                    const Properties& properties);
Handle<ov_compiled_model_t> compile(const std::filesystem::path& model_xml, const std::string& device,
                                    const Properties& properties);

GraphPorts ports_of(const ov_model_t* model);
GraphPorts ports_of(const ov_compiled_model_t* model);

/// A tensor of OpenVINO's over the same memory.
Handle<ov_tensor_t> as_openvino(const Tensor& tensor);
/// OpenVINO's tensor, kept as long as there is a copy.
Tensor as_tensor(Handle<ov_tensor_t> tensor);
/// Memory of OpenVINO's, which `make` gives for a type and a shape. Errors: Refusal.
Tensor host_tensor(const ov_remote_context_t* context, ElementType type, const Shape& shape);

/// A graph that OpenVINO has compiled, and requests of it. `has_states`: they are to be cleared.
std::shared_ptr<LoadedGraph> loaded_graph(Handle<ov_compiled_model_t> compiled, const std::string& device,
                                          bool has_states);

}  // namespace ovenbird
