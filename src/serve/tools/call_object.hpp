#pragma once
// A call as a JSON object, {"name": …, "arguments": {…}}, read byte by byte.

#include <string>

#include "serve/tools/call_reader.hpp"
#include "serve/tools/json_scanner.hpp"

namespace ovenbird {

/// The arguments' key may also be "parameters", its keys may come in any order, others are passed over.
/// Arguments that are a string which holds an object, or null, are taken too.
class CallObject {
public:
    /// `arguments_needed`: an object without them is no call; else it calls without any.
    CallObject(CallSink& sink, bool arguments_needed) : sink_(&sink), arguments_needed_(arguments_needed) {}
    /// From its "{" on. `bad` may also come after a call began.
    JsonScanner::Step take(char byte);

private:
    enum class Role { none, name, arguments, other };
    using Step = JsonScanner::Step;
    bool value_begins(char byte);
    bool value_ends();
    void begin_if_certain();
    void argue(std::string_view text);

    CallSink* sink_;
    bool arguments_needed_;
    JsonScanner scanner_;
    std::string key_;
    std::string value_;
    std::string name_;
    std::string early_;  // arguments that came before the name
    Role role_ = Role::none;
    bool argued_ = false;  // arguments began
    bool begun_ = false;
    bool streams_ = false;  // the arguments' value is an object
};

}  // namespace ovenbird
