#pragma once
// The functions that a request offers to the model.

#include <map>
#include <string>

#include "base/json.hpp"

namespace ovenbird {

class Functions {
public:
    /// `tools` as make_tool_call_reader takes them; what has no name is left out.
    explicit Functions(const Json& tools);
    bool knows(const std::string& name) const { return parameters_.contains(name); }
    /// The schema of a known function's arguments; null where it has none.
    const Json& parameters(const std::string& name) const { return parameters_.at(name); }
    const std::map<std::string, Json>& all() const { return parameters_; }

private:
    std::map<std::string, Json> parameters_;
};

}  // namespace ovenbird
