// A compiled graph and its requests, over OpenVINO's C interface.
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/error.hpp"
#include "device/c_api.hpp"
#include "device/reason.hpp"

namespace ovenbird {
namespace {

constexpr std::chrono::milliseconds kStopAskedEvery(20);

using Compiled = std::shared_ptr<ov_compiled_model_t>;

// Told by OpenVINO, from a thread of its own, that a run has ended.
class EndOfRun {
public:
    void begin() {
        const std::lock_guard lock(mutex_);
        ended_ = false;
    }
    bool wait_for(std::chrono::milliseconds limit) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, limit, [this] { return ended_; });
    }
    static void tell(void* self) {
        auto* end = static_cast<EndOfRun*>(self);
        // Notified under the lock: who waits may be gone right after it.
        const std::lock_guard lock(end->mutex_);
        end->ended_ = true;
        end->changed_.notify_all();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool ended_ = true;
};

// What OpenVINO throws while `device` works becomes an error of the device.
template <typename Work>
auto at_the_edge(const std::string& device, const char* what, const Work& work) {
    try {
        return work();
    } catch (const Refusal& error) {
        fail(ErrorCode::device, "{}: {} failed: {}", device, what, one_line_reason(error.what()));
    }
}

class Request : public CompiledGraph {
public:
    Request(Compiled compiled, const std::string& device, const GraphPorts& ports, bool has_states)
        : CompiledGraph(device, ports),
          compiled_(std::move(compiled)),
          has_states_(has_states),
          inputs_(ports.inputs.size()),
          outputs_(ports.outputs.size()),
          request_(new_request()) {}

    bool infer(const std::function<bool()>& stop) override {
        has_run_ = true;
        return at_the_edge(device(), "inference", [&] {
            if (!stop) {
                demand(ov_infer_request_infer(request_.get()));
                return true;
            }
            end_.begin();
            demand(ov_infer_request_start_async(request_.get()));
            while (!end_.wait_for(kStopAskedEvery)) {
                if (!stop()) continue;
                demand(ov_infer_request_cancel(request_.get()));
                break;
            }
            const ov_status_e ended = ov_infer_request_wait(request_.get());
            if (ended == INFER_CANCELLED) return false;
            demand(ended);
            return true;
        });
    }

    // Another request has states of its own, which nobody has written to.
    void reset_state() override {
        if (has_states_ && has_run_) at_the_edge(device(), "clearing the states", [&] { begin_anew(); });
        has_run_ = false;
    }

private:
    Handle<ov_infer_request_t> new_request() {
        auto request = handle<ov_infer_request_t>(ov_infer_request_free, [&](ov_infer_request_t** made) {
            return ov_compiled_model_create_infer_request(compiled_.get(), made);
        });
        demand(ov_infer_request_set_callback(request.get(), &callback_));
        return request;
    }

    void begin_anew() {
        request_ = new_request();
        for (size_t index = 0; index < inputs_.size(); ++index)
            if (inputs_[index]) bind_input(index, inputs_[index]);
        for (size_t index = 0; index < outputs_.size(); ++index)
            if (outputs_[index]) bind_output(index, outputs_[index]);
    }

    void bind_input(size_t index, const Tensor& tensor) override {
        demand(ov_infer_request_set_input_tensor_by_index(request_.get(), index, as_openvino(tensor).get()));
        inputs_[index] = tensor;
    }

    void bind_output(size_t index, const Tensor& tensor) override {
        demand(ov_infer_request_set_output_tensor_by_index(request_.get(), index, as_openvino(tensor).get()));
        outputs_[index] = tensor;
    }

    Tensor read_output(size_t index) override {
        return as_tensor(handle<ov_tensor_t>(ov_tensor_free, [&](ov_tensor_t** made) {
            return ov_infer_request_get_output_tensor_by_index(request_.get(), index, made);
        }));
    }

    Compiled compiled_;
    bool has_states_;
    bool has_run_ = false;
    EndOfRun end_;
    ov_callback_t callback_{EndOfRun::tell, &end_};
    std::vector<Tensor> inputs_;
    std::vector<Tensor> outputs_;
    Handle<ov_infer_request_t> request_;
};

class Loaded : public LoadedGraph {
public:
    Loaded(Handle<ov_compiled_model_t> compiled, const std::string& device, bool has_states)
        : compiled_(std::move(compiled)),
          device_(device),
          ports_(ports_of(compiled_.get())),
          has_states_(has_states) {}

    std::unique_ptr<CompiledGraph> request() override {
        return std::make_unique<Request>(compiled_, device_, ports_, has_states_);
    }

private:
    Compiled compiled_;
    std::string device_;
    GraphPorts ports_;
    bool has_states_;
};

}  // namespace

std::shared_ptr<LoadedGraph> loaded_graph(Handle<ov_compiled_model_t> compiled, const std::string& device,
                                          bool has_states) {
    return std::make_shared<Loaded>(std::move(compiled), device, has_states);
}

}  // namespace ovenbird
