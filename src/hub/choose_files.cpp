#include "hub/choose_files.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "base/error.hpp"
#include "model/baked_folder.hpp"

namespace ovenbird {
namespace {

// What says of a model what it is and how its text is made. Folders end with '/'.
constexpr std::array<std::string_view, 19> kTextFiles{"config.json",
                                                      "generation_config.json",
                                                      "tokenizer.json",
                                                      "tokenizer_config.json",
                                                      "tokenizer.model",
                                                      "special_tokens_map.json",
                                                      "added_tokens.json",
                                                      "vocab.json",
                                                      "merges.txt",
                                                      "tekken.json",
                                                      "chat_template.json",
                                                      "chat_template.jinja",
                                                      "modules.json",
                                                      "adapter_config.json",
                                                      "quantize_config.json",
                                                      "quant_config.json",
                                                      "additional_chat_templates/",
                                                      "config_sentence_transformers.json",
                                                      "sentence_bert_config.json"};

// Of several GGUF files: weights are compressed anew, so the first of these keeps most for its size.
constexpr std::array<std::string_view, 21> kBestFirst{
    "Q8_0", "BF16", "F16",  "Q6_K",   "Q5_K_M", "Q5_K_S", "Q5_K",   "Q5_1",   "Q5_0",   "Q4_K_M", "Q4_K_S",
    "Q4_K", "Q4_1", "Q4_0", "IQ4_NL", "IQ4_XS", "F32",    "Q3_K_L", "Q3_K_M", "Q3_K_S", "Q2_K"};
constexpr size_t kMostListed = 30;

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](char letter) { return letter >= 'A' && letter <= 'Z' ? char(letter + 32) : letter; });
    return result;
}

bool is_text_file(const std::string& path) {
    if (path.starts_with("tokenizer.model.v") && path.find('/') == std::string::npos) return true;
    return std::any_of(kTextFiles.begin(), kTextFiles.end(), [&](std::string_view name) {
        return name.ends_with('/') ? path.starts_with(name) : path == name;
    });
}

// A module of an embedder, "2_Dense/config.json" and its weights.
bool is_module_file(const std::string& path) {
    const bool counted = path.size() > 2 && path[0] >= '0' && path[0] <= '9' && path[1] == '_';
    const std::string_view name = std::string_view(path).substr(path.find('/') + 1);
    return counted && (name == "config.json" || name == "model.safetensors");
}

const RepoFile* find(const RepoListing& listing, std::string_view path) {
    const auto found = std::find_if(listing.files.begin(), listing.files.end(),
                                    [&](const RepoFile& file) { return file.path == path; });
    return found == listing.files.end() ? nullptr : &*found;
}

std::vector<std::string> paths(const RepoListing& listing, const auto& wanted) {
    std::vector<std::string> found;
    for (const auto& file : listing.files) {
        if (wanted(file.path)) found.push_back(file.path);
    }
    return found;
}

// One GGUF file, or the parts of one.
struct GgufModel {
    std::vector<std::string> files;
    uint64_t bytes = 0;
};

// Whether it ends like "-00001-of-00003".
bool ends_as_part(std::string_view text) {
    constexpr std::string_view kPattern = "-00000-of-00000";
    if (text.size() < kPattern.size()) return false;
    text.remove_prefix(text.size() - kPattern.size());
    return std::equal(text.begin(), text.end(), kPattern.begin(), [](char letter, char expected) {
        return expected == '0' ? letter >= '0' && letter <= '9' : letter == expected;
    });
}

// The whole file's name: of a part without "-00001-of-00003".
std::string whole_name(const std::string& path) {
    const std::string_view stem = std::string_view(path).substr(0, path.rfind('.'));
    if (!ends_as_part(stem)) return path;
    return std::string(stem.substr(0, stem.rfind("-of-") - 6)) + path.substr(stem.size());
}

// By the name without "-00001-of-00003".
std::map<std::string, GgufModel> gguf_models(const RepoListing& listing) {
    std::map<std::string, GgufModel> models;
    for (const auto& file : listing.files) {
        const std::string name = lower(file.path.substr(file.path.rfind('/') + 1));
        // Projectors of pictures and importance matrices are no language models.
        if (!name.ends_with(".gguf") || name.starts_with("mmproj") ||
            name.find("imatrix") != std::string::npos)
            continue;
        auto& model = models[whole_name(file.path)];
        model.files.push_back(file.path);
        model.bytes += file.size;
    }
    for (auto& [_, model] : models)
        std::sort(model.files.begin(), model.files.end());
    return models;
}

// Whether the name holds the words, with no letter or digit beside them.
bool names_quantisation(const std::string& path, std::string_view words) {
    const std::string name = lower(path);
    const std::string wanted = lower(words);
    const auto is_word = [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_';
    };
    for (size_t at = name.find(wanted); at != std::string::npos; at = name.find(wanted, at + 1)) {
        const size_t end = at + wanted.size();
        if ((at == 0 || !is_word(name[at - 1])) && (end == name.size() || !is_word(name[end]))) return true;
    }
    return false;
}

template <typename Map>
std::string listed(const Map& models) {
    std::string text;
    size_t count = 0;
    for (const auto& [name, model] : models) {
        if (++count > kMostListed) return text + fmt::format(" and {} more", models.size() - kMostListed);
        text += fmt::format("{}{} ({} MiB)", text.empty() ? "" : ", ", name, model.bytes >> 20);
    }
    return text;
}

FileChoice of_gguf(const GgufModel& model) {
    return {model.files, model.files.front(), false, {}};
}

FileChoice choose_gguf(const RepoListing& listing, const std::string& choice) {
    const auto models = gguf_models(listing);
    if (models.empty())
        fail(ErrorCode::not_found, "{} has no GGUF file; leave out ':{}'", listing.repo, choice);
    std::map<std::string, GgufModel> fitting;
    for (const auto& [name, model] : models) {
        if (name == choice || std::find(model.files.begin(), model.files.end(), choice) != model.files.end())
            return of_gguf(model);
        if (names_quantisation(name, choice)) fitting.emplace(name, model);
    }
    if (fitting.size() == 1) return of_gguf(fitting.begin()->second);
    if (fitting.empty())
        fail(ErrorCode::not_found, "{} has no GGUF file '{}'; it has {}", listing.repo, choice,
             listed(models));
    fail(ErrorCode::not_found, "{} has several GGUF files '{}': {}; name one of them: {}:{}", listing.repo,
         choice, listed(fitting), listing.repo, fitting.begin()->first);
}

FileChoice best_gguf(const RepoListing& listing) {
    const auto models = gguf_models(listing);
    if (models.size() == 1) return of_gguf(models.begin()->second);
    const auto told = [&](const std::string& name, const GgufModel& model) {
        FileChoice choice = of_gguf(model);
        choice.notes.push_back(fmt::format("{} has {} GGUF files: {}; taking {}. Another one: {}:FILE",
                                           listing.repo, models.size(), listed(models), name, listing.repo));
        return choice;
    };
    for (const auto best : kBestFirst) {
        for (const auto& [name, model] : models) {
            if (names_quantisation(name, best)) return told(name, model);
        }
    }
    const auto largest = std::max_element(models.begin(), models.end(), [](const auto& a, const auto& b) {
        return a.second.bytes < b.second.bytes;
    });
    return told(largest->first, largest->second);
}

// transformers takes one whole file before shards.
std::vector<std::string> safetensors_files(const RepoListing& listing) {
    if (find(listing, "model.safetensors")) return {"model.safetensors"};
    constexpr std::string_view kEnding = ".safetensors";
    auto files = paths(listing, [&](const std::string& path) {
        if (!path.starts_with("model-") || !path.ends_with(kEnding)) return false;
        const std::string stem = path.substr(0, path.size() - kEnding.size());
        return ends_as_part(stem) && stem.size() == std::string_view("model-00000-of-00000").size();
    });
    if (files.empty()) return files;
    if (find(listing, "model.safetensors.index.json")) files.emplace_back("model.safetensors.index.json");
    return files;
}

std::string first_ir(const RepoListing& listing) {
    for (const char* name : {"openvino_model.xml", "openvino_language_model.xml"}) {
        if (find(listing, name)) return name;
    }
    const auto irs = paths(listing, [](const std::string& path) {
        return path.ends_with(".xml") && path.find('/') == std::string::npos &&
               path.find("tokenizer") == std::string::npos;
    });
    return irs.size() == 1 ? irs[0] : "";
}

[[noreturn]] void fail_without_model(const RepoListing& listing) {
    const auto pickles = paths(listing, [](const std::string& path) {
        return path.find('/') == std::string::npos &&
               (path.ends_with(".bin") || path.ends_with(".pth") || path.ends_with(".pt"));
    });
    if (find(listing, "adapter_config.json"))
        fail(ErrorCode::unsupported,
             "{} is an adapter; merge it into its base model first (merge_and_unload() in peft) and bake the "
             "result",
             listing.repo);
    if (!pickles.empty())
        fail(ErrorCode::unsupported,
             "{} has its weights only as pickles ({}), which Ovenbird never opens because they can run code; "
             "a "
             "revision such as {}@refs/pr/1 may have safetensors (its page's tab \"Community\" tells), or "
             "convert them: save_pretrained(..., safe_serialization=True) in transformers",
             listing.repo, pickles[0], listing.repo);
    std::string some;
    for (size_t i = 0; i < std::min<size_t>(listing.files.size(), 8); ++i)
        some += (i ? ", " : "") + listing.files[i].path;
    fail(
        ErrorCode::unsupported,
        "{} holds no model that Ovenbird can bake: no model.safetensors, no GGUF file and no OpenVINO IR; it "
        "has {}",
        listing.repo, some.empty() ? "no files" : some);
}

}  // namespace

FileChoice choose_files(const RepoListing& listing, const std::string& choice) {
    if (!choice.empty()) return choose_gguf(listing, choice);
    const auto root = [&](const char* name) { return find(listing, name) != nullptr; };
    if (root(kManifestName) && root(kModelXmlName)) {
        return {paths(listing, [](const std::string& path) { return !path.starts_with('.'); }), "", true, {}};
    }
    FileChoice chosen;
    chosen.files =
        paths(listing, [](const auto& path) { return is_text_file(path) || is_module_file(path); });
    if (auto weights = safetensors_files(listing); !weights.empty() && root("config.json")) {
        chosen.files.insert(chosen.files.end(), weights.begin(), weights.end());
        return chosen;
    }
    if (const std::string xml = first_ir(listing); !xml.empty()) {
        const std::string bin = xml.substr(0, xml.size() - 4) + ".bin";
        chosen.files.push_back(xml);
        if (root(bin.c_str())) chosen.files.push_back(bin);
        if (xml != "openvino_model.xml") chosen.source = xml;
        return chosen;
    }
    if (!gguf_models(listing).empty()) return best_gguf(listing);
    fail_without_model(listing);
}

FileChoice choose_text_files(const RepoListing& listing) {
    FileChoice chosen;
    chosen.files = paths(listing, is_text_file);
    if (!find(listing, "tokenizer.json"))
        fail(ErrorCode::not_found, "{} has no tokenizer.json; name a repository that has one", listing.repo);
    return chosen;
}

}  // namespace ovenbird
