#include "bake/bake.hpp"

#include "base/json.hpp"

namespace ovenbird {

Baked bake(const BakeOptions& options, Reporter* reporter) {
    SilentReporter silent;
    const Manifest manifest = bake(options, reporter == nullptr ? silent : *reporter);
    return {options.output, to_json(manifest).dump(2)};
}

}  // namespace ovenbird
