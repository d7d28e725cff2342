#include "serve/tools/named_call.hpp"

namespace ovenbird {

JsonScanner::Step NamedCall::take(char byte, const std::string& name, const std::string& id) {
    if (!begun_ && (byte != '{' || !sink_->functions().knows(name))) return JsonScanner::Step::bad;
    const bool was_string = scanner_.in_string();
    const auto step = scanner_.take(byte);
    if (step == JsonScanner::Step::bad) return step;
    if (!begun_) sink_->begin_call(name, id);
    begun_ = true;
    // A plain new line in a string would not be JSON.
    const bool control = was_string && static_cast<unsigned char>(byte) < 0x20;
    sink_->add_arguments(control ? json_escaped(byte) : std::string(1, byte));
    if (step == JsonScanner::Step::done) sink_->end_call();
    return step;
}

}  // namespace ovenbird
