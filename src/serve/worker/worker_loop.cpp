#include "serve/worker/worker_loop.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <new>
#include <thread>

#include "base/error.hpp"
#include "model/manifest.hpp"
#include "serve/worker/embedding_worker.hpp"

namespace ovenbird {
namespace {

int64_t number_of(const Json& order) {
    const auto found = order.is_object() ? order.find(order::kNumber) : order.end();
    return found != order.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

bool is_cancel(const Json& order) {
    return order.is_object() && order.contains("do") && order["do"] == order::kCancel;
}

// Orders as they come, in the order of their coming; a cancel overtakes them all.
class Orders {
public:
    explicit Orders(FrameParent& parent) : reader_([this, &parent] { read(parent); }) {
        reader_.detach();  // it ends with the process
    }

    Json next() {
        std::unique_lock lock(mutex_);
        arrived_.wait(lock, [&] { return !waiting_.empty(); });
        Json order = std::move(waiting_.front());
        waiting_.pop_front();
        return order;
    }
    bool cancelled() const { return cancelled_; }

private:
    void read(FrameParent& parent) {
        while (const auto message = parent.receive()) {
            Json order = Json::parse(*message, nullptr, false);
            const std::lock_guard lock(mutex_);
            if (is_cancel(order)) {
                cancelled_ = true;
                continue;
            }
            cancelled_ = false;  // the parent sends nothing before the answer under way has ended
            waiting_.push_back(std::move(order));
            arrived_.notify_one();
        }
        // A device may be in the middle of something that cannot be stopped: this does not wait for it.
        std::_Exit(0);
    }

    std::mutex mutex_;
    std::condition_variable arrived_;
    std::deque<Json> waiting_;
    std::atomic<bool> cancelled_ = false;
    std::thread reader_;
};

ErrorEvent event_of(const std::exception& error) {
    if (const auto* known = dynamic_cast<const Error*>(&error)) return {known->code(), known->what()};
    if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr)
        return {ErrorCode::device, "the worker has no memory left"};
    return {ErrorCode::internal, error.what()};
}

// What only this kind of worker does; false: it does not know how.
bool obey_own(Worker& worker, const std::string& what, const Json& order, const Orders& orders,
              const Emit& emit) {
    if (what == order::kAsk) {
        worker.answer(
            ask_from_json(order.at(order::kAsk)), [&] { return orders.cancelled(); }, emit);
    } else if (what == order::kRender) {
        emit(worker.render(ask_from_json(order.at("ask"))));
    } else {
        return false;
    }
    return true;
}

bool obey_own(EmbeddingWorker& worker, const std::string& what, const Json& order, const Orders& orders,
              const Emit& emit) {
    if (what != order::kEmbed) return false;
    worker.embed(
        embed_ask_from_json(order.at(order::kEmbed)), [&] { return orders.cancelled(); }, emit);
    return true;
}

template <typename AnyWorker>
void obey(AnyWorker& worker, const Json& order, const Orders& orders, const Emit& emit) {
    const JsonObject object(order, "a message to the worker");
    const std::string what = object.text("do");
    if (what == order::kEncode) {
        emit(worker.encode(object.text("text"), object.boolean_or("special", false)));
    } else if (what == order::kDecode) {
        emit(worker.decode(order.at("ids").get<std::vector<int64_t>>()));
    } else if (!obey_own(worker, what, order, orders, emit)) {
        fail(ErrorCode::invalid_input, "a worker of this model does not know how to '{}'", what);
    }
}

template <typename AnyWorker>
[[noreturn]] void obey_all(AnyWorker& worker, Orders& orders, std::atomic<int64_t>& number,
                           const Emit& emit) {
    emit(worker.facts());
    for (;;) {
        const Json order = orders.next();
        number = number_of(order);
        try {
            obey(worker, order, orders, emit);
        } catch (const std::exception& error) {
            emit(event_of(error));
        }
    }
}

bool is_embedder(const Load& load) {
    const auto manifest = find_manifest(load.folder);
    return manifest && manifest->embedding;
}

}  // namespace

int worker_loop(FrameParent& parent, const EngineOpener& open) {
    std::atomic<int64_t> number = 0;
    const Emit emit = [&](const Event& event) {
        Json json = to_json(event);
        json[order::kNumber] = number.load();
        return parent.send(json.dump(-1, ' ', false, Json::error_handler_t::replace));
    };
    Orders orders(parent);
    try {
        const Json first = orders.next();
        number = number_of(first);
        const Load load = load_from_json(first.at(order::kLoad));
        if (is_embedder(load)) {
            EmbeddingWorker worker(load, emit);
            obey_all(worker, orders, number, emit);
        }
        Worker worker(load, open, emit);
        obey_all(worker, orders, number, emit);
    } catch (const std::exception& error) {
        emit(event_of(error));
        std::_Exit(1);  // the reader still uses what returning would destroy
    }
}

}  // namespace ovenbird
