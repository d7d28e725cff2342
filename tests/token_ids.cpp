// Ids of texts by the tokenizer of a model folder, which is built first where the folder has no
// tokenizer.json:
//   ovenbird_token_ids MODEL SCRATCH < texts
// MODEL is a Hugging Face folder or a .gguf file's tokenizer; a line of the input is a JSON string, a line of
// the output {"plain": [ids], "special": [ids], "text": what the plain ids decode to}.

#include <cstdio>
#include <iostream>

#include "bake/source/built_tokenizer.hpp"
#include "bake/source/checkpoint.hpp"
#include "bake/source/gguf_parts.hpp"
#include "bake/source/gguf_tokenizer.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/platform/files.hpp"
#include "text/tokenizer.hpp"

namespace {

namespace fs = std::filesystem;

void write_tokenizer(const fs::path& model, const fs::path& scratch) {
    if (fs::is_directory(model)) {
        auto written = ovenbird::copy_text_files(model, scratch);
        const ovenbird::BuiltTokenizer built = ovenbird::build_tokenizer(model);
        if (!built.warning.empty()) std::cerr << built.warning << "\n";
        ovenbird::write_built_tokenizer(built, scratch, written);
        return;
    }
    const auto parts = ovenbird::open_gguf_parts(model);
    const auto files = ovenbird::make_gguf_tokenizer(parts[0].header.metadata, "llama", 1 << 24);
    ovenbird::write_file(scratch / "tokenizer.json", files.tokenizer);
    ovenbird::write_file(scratch / "tokenizer_config.json", files.tokenizer_config);
}

int print_ids(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: ovenbird_token_ids MODEL SCRATCH < texts\n";
        return 2;
    }
    write_tokenizer(argv[1], argv[2]);
    const auto tokenizer = ovenbird::Tokenizer::load(argv[2]);
    std::string line;
    while (std::getline(std::cin, line)) {
        const auto text = ovenbird::parse_json(line, "standard input").get<std::string>();
        const auto plain = tokenizer.encode(text, false);
        const ovenbird::Json answer = {{"plain", plain},
                                       {"special", tokenizer.encode(text, true)},
                                       {"text", tokenizer.decode(plain, false)}};
        std::cout << answer.dump() << "\n";
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return print_ids(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "ovenbird_token_ids: " << error.what() << "\n";
        return 1;
    }
}
