#pragma once
// Names of models on a hub, as people write and paste them.

#include <optional>
#include <string>
#include <string_view>

namespace ovenbird {

/// ORG/NAME[@revision][:choice].
struct ModelName {
    std::string repo;               // "ORG/NAME"
    std::string revision = "main";  // a branch, a tag or a commit
    std::string choice;  // a file of a GGUF repository, or its quantisation ("Q4_K_M"); empty: none

    /// As it was written, in the shortest form.
    std::string text() const;
};

/// Nothing where the text cannot be a name: a path, say. Also takes what a browser shows
/// (https://huggingface.co/ORG/NAME/blob/main/x.gguf), hf.co/… and hf://….
std::optional<ModelName> parse_model_name(std::string_view text);

}  // namespace ovenbird
