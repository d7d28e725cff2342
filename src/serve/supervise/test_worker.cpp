#include "serve/supervise/test_worker.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <map>
#include <thread>

#include "base/error.hpp"
#include "base/platform/files.hpp"
#include "base/platform/framed_child.hpp"
#include "base/platform/process.hpp"
#include "base/platform/test_faults.hpp"
#include "serve/wire/embed.hpp"
#include "serve/wire/event.hpp"
#include "serve/wire/load.hpp"

namespace ovenbird {
namespace {

constexpr const char* kRole = "--worker";
constexpr int kAnswerTokens = 8;

// What a fault makes of the order under way.
enum class After { goes_on, leaves_it, ends };

class ScriptedWorker {
public:
    ScriptedWorker(const std::filesystem::path& state, std::string fault, int at)
        : fault_(std::move(fault)), at_(at), raw_(raw_parent()) {
        append_file(state, "x");
        life_ = static_cast<int>(std::filesystem::file_size(state));
    }
    int run();

private:
    std::optional<Json> receive();
    void send_json(Json json);
    void send(const Event& event) { send_json(to_json(event)); }
    void send_done(FinishReason reason, int64_t new_tokens);
    void send_ready(const std::string& device);

    bool open(const Json& order);
    After break_down();
    bool breaks_at(int place) const { return place == at_ && (life_ == 1 || fault_.starts_with("always ")); }
    After answer(const Ask& ask);
    After embed(const EmbedAsk& ask);
    After follow(const Json& order);

    // Long enough for whoever waits to give it up.
    static After hang() {
        std::this_thread::sleep_for(std::chrono::seconds(60));
        return After::goes_on;
    }

    std::string fault_;
    int at_ = 0;
    int life_ = 0;
    std::function<void(std::string_view)> raw_;
    FrameParent parent_{};
    int64_t number_ = 0;
    int64_t computed_ = 0;
    bool waits_ = false;  // for a cancel
};

std::optional<Json> ScriptedWorker::receive() {
    const auto message = parent_.receive();
    if (!message) return std::nullopt;
    Json order = Json::parse(*message);
    number_ = order.value(order::kNumber, number_);
    return order;
}

void ScriptedWorker::send_json(Json json) {
    json[order::kNumber] = number_;
    parent_.send(json.dump());
}

void ScriptedWorker::send_done(FinishReason reason, int64_t new_tokens) {
    send(DoneEvent{
        .reason = reason, .prompt_tokens = 3, .new_tokens = new_tokens, .first_token_ms = 1, .total_ms = 2});
}

void ScriptedWorker::send_ready(const std::string& device) {
    ModelFacts facts;
    facts.device = device;
    facts.context_tokens = 100;
    facts.vocab_size = 10;
    facts.embedding_length = 2;
    facts.has_template = true;
    facts.load_s = 0.1;
    send(facts);
}

// What one does, once it is to break down.
After ScriptedWorker::break_down() {
    const std::string name = fault_.starts_with("always ") ? fault_.substr(7) : fault_;
    if (name == "segfault") crash();
    if (name == "killed") end_process_at_once(process_id());
    if (name == "hang") return hang();
    if (name == "exit") return After::ends;
    if (name == "garbage") {
        raw_(std::string(64, '\xFF'));
        return hang();
    }
    if (name == "nonsense") {
        send_json({{"is", "nothing"}});
        return hang();
    }
    while (name == "chatter")
        send(AliveEvent{computed_});
    if (name == "lost" || name == "long") {
        send(ErrorEvent{name == "lost" ? ErrorCode::device : ErrorCode::usage, name});
        return After::leaves_it;
    }
    if (name == "memory") {
        const std::vector<char> waste(size_t{300} << 20, 1);
        return hang();
    }
    if (name == "hung opening") {
        send(OpeningEvent{false});
        return hang();
    }
    if (name == "opens") {
        send(OpeningEvent{false});
        std::this_thread::sleep_for(std::chrono::seconds(3));
        send(OpeningEvent{true});
    }
    if (name == "no numbers") {
        send_json({{"is", "vector"}, {"values", {nullptr}}, {"tokens", 1}});
        return hang();
    }
    if (name == "moves") send_ready("CPU");
    waits_ = name == "waits";
    return waits_ ? After::leaves_it : After::goes_on;
}

After ScriptedWorker::answer(const Ask& ask) {
    if (fault_ == "reads slowly" && !ask.text.empty()) std::this_thread::sleep_for(std::chrono::seconds(3));
    send(PromptEvent{.prompt_tokens = 3, .seed = ask.sampling.seed.value_or(0)});
    for (int token = static_cast<int>(ask.resumed.size()); token < kAnswerTokens; ++token) {
        send(AliveEvent{++computed_});
        if (breaks_at(token)) {
            if (const After after = break_down(); after != After::goes_on) return after;
        }
        send(PieceEvent{.ids = {token}, .text = std::string(3, "abc"[token % 3])});
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    send_done(FinishReason::stop, kAnswerTokens);
    if (fault_ == "says more" && life_ == 1) send(PieceEvent{.ids = {9}, .text = "of another"});
    return After::goes_on;
}

After ScriptedWorker::embed(const EmbedAsk& ask) {
    for (auto place = static_cast<int>(ask.first); place < static_cast<int>(ask.inputs.size()); ++place) {
        constexpr int64_t kTokens = 64;
        send(PromptEvent{.prompt_tokens = kTokens});
        if (breaks_at(place)) {
            if (const After after = break_down(); after != After::goes_on) return after;
        }
        send(AliveEvent{computed_ += kTokens});
        send(VectorEvent{{static_cast<float>(place), static_cast<float>(life_)}, 1});
    }
    send_done(FinishReason::stop, 0);
    return After::goes_on;
}

After ScriptedWorker::follow(const Json& order) {
    const std::string what = order.at("do");
    if (what == order::kAsk) return answer(ask_from_json(order.at(order::kAsk)));
    if (what == order::kEmbed) return embed(embed_ask_from_json(order.at(order::kEmbed)));
    if (what == order::kEncode) send(TextEvent{{1, 2}, order.at("text")});
    if (what == order::kCancel && waits_) send_done(FinishReason::interrupted, 0);
    return After::goes_on;
}

bool ScriptedWorker::open(const Json& order) {
    const Load load = load_from_json(order.at(order::kLoad));
    if (fault_ == "refuses") {
        send(ErrorEvent{ErrorCode::device, "no device takes it"});
        return false;
    }
    if (fault_ == "slow later" && life_ > 1) hang();
    if (fault_ == "dies at start" && life_ <= at_) crash();
    send_ready(load.how.devices.at(0));
    return true;
}

int ScriptedWorker::run() {
    const auto load = receive();
    if (!load || !open(*load)) return 1;
    while (const auto order = receive()) {
        if (follow(*order) == After::ends) break;
    }
    return 0;
}

int play(const std::vector<std::string>& words) {
    try {
        return ScriptedWorker(words.at(2), words.at(3), std::stoi(words.at(4))).run();
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}

}  // namespace

std::vector<std::string> scripted_worker(const std::filesystem::path& state, const std::string& fault,
                                         int at) {
    return {own_program().string(), kRole, state.string(), fault, std::to_string(at)};
}

}  // namespace ovenbird

int main(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == ovenbird::kRole)
        return ovenbird::play(ovenbird::program_arguments(argc, argv));
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
