#include "ovenbird/bake.hpp"

#include "base/error.hpp"

namespace ovenbird {

Baked bake(const BakeOptions& options, Reporter*) {
    fail(ErrorCode::unsupported,
         "{}: this build of the library runs baked models and bakes none; bake it on Linux or under WSL",
         options.source.string());
}

}  // namespace ovenbird
