#include "bake/bake.hpp"

#include "base/json.hpp"
#include "hub/pull.hpp"

namespace ovenbird {

Baked bake(const BakeOptions& options, Reporter* reporter) {
    SilentReporter silent;
    Reporter& told = reporter == nullptr ? silent : *reporter;
    BakeOptions pulled = options;
    pulled.source = pulled_source(options.source, told);
    const Manifest manifest = bake(pulled, told);
    return {options.output, to_json(manifest).dump(2)};
}

}  // namespace ovenbird
