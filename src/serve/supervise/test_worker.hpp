#pragma once
// For tests: a worker without a model, which is the test program itself, started with a script of what goes
// wrong.

#include <filesystem>
#include <string>
#include <vector>

namespace ovenbird {

/// The command of a worker that answers with eight tokens, each three letters ("aaa", "bbb", "ccc", "aaa" …),
/// and embeds each input as its place and the worker's number. `state` is a file that counts the workers so
/// far. The first breaks down before the token or input `at` as `fault` says (see test_worker.cpp), one of
/// "always …" every time.
std::vector<std::string> scripted_worker(const std::filesystem::path& state, const std::string& fault,
                                         int at);

}  // namespace ovenbird
