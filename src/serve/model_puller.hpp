#pragma once
// Models that clients ask for: downloaded and baked by a process of their own.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace ovenbird {

/// May be used from several threads; one at a time works on a model.
class ModelPuller {
public:
    /// `command`: what 'NAME --bake --json' is put behind, see cmd/json_progress.hpp for what it prints.
    explicit ModelPuller(std::vector<std::string> command) : command_(std::move(command)) {}

    /// Hears every line of the work, four a second at least; false ends it. What was downloaded is kept then.
    using Listener = std::function<bool(const Json& line)>;

    /// Until it is done; false: `listener` ended it. Errors: invalid_input (what the command says), io.
    bool pull(const std::string& name, const Listener& listener);

private:
    bool work(const std::string& name, const Listener& listener) const;

    std::vector<std::string> command_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::set<std::string> pulled_now_;
};

}  // namespace ovenbird
