#include <algorithm>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/platform/process.hpp"
#include "cmd/commands.hpp"
#include "cmd/console.hpp"
#include "cmd/engine_options.hpp"
#include "cmd/named_model.hpp"
#include "cmd/options.hpp"
#include "cmd/output.hpp"
#include "run/embed_text.hpp"

namespace ovenbird {
namespace {

struct Words {
    EngineOptions engine;
    std::vector<std::string> texts;
    std::string prompt_name;
    EmbedWords embed;
    bool json = false;
    ConsoleOptions console;
};

bool parse(int argc, char** argv, Words& words) {
    CLI::App app("Print the vector of each text, on the first device that takes the model", "ovenbird embed");
    app.add_option("folder", words.engine.folder,
                   "A folder that ovenbird bake made of an embedding model, or ORG/NAME of a hub")
        ->required();
    app.add_option("texts", words.texts, "The texts")->required();
    auto* name =
        app.add_option("--prompt-name", words.prompt_name,
                       "Which of the model's own prompts goes before each text (query, document, …); "
                       "without it the model's default, which most have not");
    app.add_flag("--truncate", words.embed.truncate,
                 "Cut the end off a text beyond the model's limit, with a warning, instead of refusing it");
    app.add_option("--dimensions", words.embed.dimensions,
                   "Keep so many of a vector's first numbers, for models that were trained for that");
    add_place_options(app, words.engine);
    app.add_flag("--json", words.json, "Print one JSON object: vectors, tokens, device, model");
    add_console_options(app, words.console);
    if (!parse_command(app, argc, argv)) return false;
    if (name->count() > 0) words.embed.prompt_name = words.prompt_name;
    if (words.embed.dimensions < 0)
        fail(ErrorCode::usage, "--dimensions {} is not known; it takes 1 or more", words.embed.dimensions);
    return true;
}

Json result_json(const std::vector<Embedded>& vectors, const EmbeddingEngine& engine) {
    Json list = Json::array();
    for (const auto& each : vectors)
        list.push_back(
            {{"embedding", each.values}, {"tokens", each.tokens}, {"dropped_tokens", each.dropped_tokens}});
    Json passed = Json::array();
    for (const auto& device : engine.passed_over())
        passed.push_back({{"device", device.device}, {"reason", device.reason}});
    return {{"embeddings", std::move(list)},           {"dimension", vectors.front().values.size()},
            {"pooling", engine.facts().pooling},       {"normalized", engine.facts().normalized},
            {"similarity", engine.facts().similarity}, {"device", engine.device()},
            {"passed_over", std::move(passed)},        {"most_tokens", engine.most_tokens()},
            {"compile_s", engine.compile_seconds()}};
}

void print_rows(const std::vector<Embedded>& vectors) {
    for (const auto& each : vectors)
        print_output("{}\n", fmt::join(each.values, " "));
}

int work(Words& words, ConsoleReporter& reporter) {
    install_interrupt_handler();
    auto& engine_words = words.engine;
    engine_words.folder = baked_folder(engine_words.folder, reporter);
    const Manifest manifest = read_embedder_manifest(engine_words.folder);
    if (!manifest.embedding) fail(ErrorCode::internal, "the manifest is not one of an embedding model");
    const auto& facts = *manifest.embedding;
    const Tokenizer tokenizer =
        Tokenizer::load(engine_words.tokenizer.empty() ? engine_words.folder
                                                       : tokenizer_place(engine_words.tokenizer, reporter));
    // Before anything is compiled: what is wrong with a text should not cost a minute.
    if (words.embed.dimensions != 0) check_length(facts, words.embed.dimensions);
    for (size_t i = 0; i < words.texts.size(); ++i) {
        int64_t dropped = 0;
        (void)embedding_ids(tokenizer, facts, words.texts[i], words.embed, dropped);
        if (dropped > 0)
            reporter.warn(fmt::format("text {} is longer than {} tokens: its last {} were cut off", i + 1,
                                      facts.most_tokens(), dropped));
    }
    DeviceOptions options = device_options(engine_words);
    options.on_note = [&reporter](const std::string& text) { reporter.note(text); };
    EmbeddingEngine engine(engine_words.folder, manifest, std::move(options), engine_words.validate);
    std::vector<Embedded> vectors;
    for (const auto& text : words.texts) {
        check_interrupted();
        vectors.push_back(embed_text(engine, tokenizer, text, words.embed));
    }
    if (words.json) {
        write_output(result_json(vectors, engine).dump(2) + "\n");
    } else {
        print_rows(vectors);
    }
    return 0;
}

}  // namespace

int embed_command(int argc, char** argv) {
    Words words;
    if (!parse(argc, argv, words)) return 0;
    return with_console(words.console, [&](ConsoleReporter& reporter) { return work(words, reporter); });
}

}  // namespace ovenbird
