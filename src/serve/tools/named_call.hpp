#pragma once
// The arguments of a call whose name came before them: one JSON object, read byte by byte.

#include "serve/tools/call_reader.hpp"
#include "serve/tools/json_scanner.hpp"

namespace ovenbird {

class NamedCall {
public:
    explicit NamedCall(CallSink& sink) : sink_(&sink) {}
    /// The first byte is the object's "{", with which the call begins: the name must be known.
    JsonScanner::Step take(char byte, const std::string& name, const std::string& id = "");

private:
    CallSink* sink_;
    JsonScanner scanner_;
    bool begun_ = false;
};

}  // namespace ovenbird
