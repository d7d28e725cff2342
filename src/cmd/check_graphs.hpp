#pragma once
// What ovenbird check finds by looking into graphs. That takes OpenVINO's C++ classes: with_classes finds it,
// without_classes says what was not looked at.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "cmd/console.hpp"

namespace ovenbird {

struct CheckWords {
    std::filesystem::path model;
    std::vector<int> platforms;
    bool numerics = false;
    std::filesystem::path tokenizer;
    bool compile = false;
    std::string compiler;
    int64_t timeout_seconds = 900;
    bool json = false;
    ConsoleOptions console;
};

/// A graph that is judged, with its weights file.
struct CheckTarget {
    std::string name;  // relative to the folder, or the file that was named
    std::filesystem::path xml;
    std::filesystem::path bin;
};

/// Why the rules are not looked at; empty where they are.
std::string why_no_rules();

/// Judges one graph by the rules, prints what it finds unless as JSON; whether it is refused. Errors:
/// not_found, invalid_input.
bool judge_graph(const CheckTarget& target, const CheckWords& words, Json& json);

/// Runs the window's graph in f32 and in f16; whether that overflows. Errors: also unsupported.
bool overflows(const CheckTarget& window, const CheckWords& words, Json& json);

}  // namespace ovenbird
