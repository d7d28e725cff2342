#include "run/open_folder.hpp"

namespace ovenbird {

OpenedEngine open_folder(const std::filesystem::path& folder, const Manifest& manifest, DeviceOptions device,
                         int64_t pad_id, OpenForm form) {
    if (form.form != StaticForm::none || (!form.stateless && manifest.context > 0))
        return open_cached(folder, device, pad_id, form.form);
    // What the bake compiled ahead of time: the model without a cache, for some NPUs.
    for (const auto& blob : manifest.blobs)
        if (blob.graph == kModelXmlName)
            device.blobs.push_back(
                {blob.platform, folder / blob.file, blob.bytes, blob.hash, blob.requirements});
    return open_stateless(folder / kModelXmlName, device, pad_id);
}

}  // namespace ovenbird
