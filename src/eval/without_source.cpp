// Where OpenVINO's C++ classes cannot be linked, a source cannot be computed.
#include "base/error.hpp"
#include "eval/source_logits.hpp"

namespace ovenbird {

std::unique_ptr<SourceLogits> open_source_logits(const std::filesystem::path& source, Reporter&) {
    fail(ErrorCode::unsupported,
         "{}: this build computes baked models only; leave --against out, or measure under WSL",
         source.string());
}

}  // namespace ovenbird
