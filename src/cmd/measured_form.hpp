#pragma once
// The forms of baked folders that ovenbird eval measures.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cmd/engine_options.hpp"
#include "eval/evaluation.hpp"

namespace ovenbird {

struct MeasuredForm {
    EngineOptions options;  // with settled places
    Manifest manifest;
    std::optional<Form> form;  // none: what options.form chooses on the device

    /// Tokens that a sequence may have.
    int64_t most_tokens() const;
    /// Folder and size of its weights.
    Measured name() const;
    /// Opens it and notes in `measured` which form it became. Errors: device, those of open_engine().
    std::unique_ptr<Engine> open(int64_t pad_id, Measured& measured, ConsoleReporter& reporter) const;
};

/// `form` is best (then `common`.form decides), window, dynamic, whole, folded, or all that a folder has.
/// Errors: unsupported (a folder that ovenbird bake did not make, or without this form), usage (two folders
/// of one name), those of settle_places().
std::vector<MeasuredForm> measured_forms(const std::vector<std::filesystem::path>& folders,
                                         const EngineOptions& common, const std::string& form,
                                         ConsoleReporter& reporter);

}  // namespace ovenbird
