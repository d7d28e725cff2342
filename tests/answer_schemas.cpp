// answer_schemas FOLDER [KEY=VALUE …]: constrained answers of one loaded model, for test_constraints.py. Each
// line of standard input is a request {kind, form, prompt, temperature, seed, draft_tokens, max_new_tokens},
// each of standard output its answer {text, tokens, finish_reason, steps, mask_ms}.

#include <chrono>
#include <cstdio>
#include <iostream>
#include <span>

#include "base/error.hpp"
#include "base/json.hpp"
#include "run/answer.hpp"
#include "run/open.hpp"
#include "text/constraint.hpp"

namespace ovenbird {
namespace {

// How long the mask of an answer takes.
class TimedMask : public TokenMask {
public:
    explicit TimedMask(TokenMask& inner) : inner_(inner) {}
    void allowed(std::span<uint32_t> mask) override {
        timed([&] { inner_.allowed(mask); });
    }
    void take(int64_t token) override {
        timed([&] { inner_.take(token); });
    }
    bool complete() const override { return inner_.complete(); }
    double ms = 0;

private:
    template <typename Call>
    void timed(Call&& call) {
        const auto start = std::chrono::steady_clock::now();
        call();
        ms += std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    }
    TokenMask& inner_;
};

Constraint constraint_of(const Tokenizer& tokenizer, const Json& request) {
    const auto kind = request.at("kind").get<std::string>();
    if (kind == "json_schema") return Constraint::json_schema(tokenizer, request.at("form").dump());
    const auto form = request.at("form").get<std::string>();
    return kind == "grammar" ? Constraint::grammar(tokenizer, form) : Constraint::regex(tokenizer, form);
}

Json answer_request(Engine& engine, const Tokenizer& tokenizer, const ChatTemplate& chat,
                    const Json& request) {
    Constraint constraint = constraint_of(tokenizer, request);
    TimedMask mask(constraint);
    AnswerOptions options;
    options.max_new_tokens = request.at("max_new_tokens").get<int64_t>();
    options.sampling.temperature = request.at("temperature").get<double>();
    options.sampling.seed = request.at("seed").get<uint64_t>();
    options.draft_tokens = request.at("draft_tokens").get<int64_t>();
    options.mask = &mask;
    auto prompt = encode_prompt(tokenizer, &chat, request.at("prompt").get<std::string>(), "");
    const auto got = answer(
        engine, tokenizer, std::move(prompt), options, [](int64_t) {},
        [](const std::string&) { return true; });
    return {{"text", got.text},
            {"tokens", got.generation.tokens},
            {"finish_reason", finish_reason_name(got.generation.reason)},
            {"steps", got.generation.steps},
            {"total_ms", got.generation.total_ms},
            {"mask_ms", mask.ms}};
}

void answer_all(const std::filesystem::path& folder, std::span<char*> properties) {
    const Tokenizer tokenizer = Tokenizer::load(folder);
    const auto chat = ChatTemplate::load(folder);
    if (!chat) fail(ErrorCode::not_found, "{}: no chat template", folder.string());
    DeviceOptions device;
    device.devices = {"CPU"};
    for (const std::string property : properties) {
        const size_t end = property.find('=');
        if (end == std::string::npos) fail(ErrorCode::usage, "'{}' is not KEY=VALUE", property);
        device.properties[property.substr(0, end)] = property.substr(end + 1);
    }
    const auto opened = open_engine(folder, read_manifest(folder), {device}, tokenizer.pad_id());
    std::string line;
    while (std::getline(std::cin, line))
        std::cout << answer_request(*opened.engine, tokenizer, *chat, Json::parse(line)).dump() << std::endl;
}

}  // namespace
}  // namespace ovenbird

int main(int argc, char** argv) {
    try {
        const std::span<char*> words(argv, static_cast<size_t>(argc));
        if (argc < 2) ovenbird::fail(ovenbird::ErrorCode::usage, "answer_schemas FOLDER [KEY=VALUE …]");
        ovenbird::answer_all(argv[1], words.subspan(2));
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "answer_schemas: %s\n", error.what());
        return 1;
    }
}
