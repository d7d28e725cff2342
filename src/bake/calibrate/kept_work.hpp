#pragma once
// What a calibration that is cut short leaves behind: a folder from which the next one goes on.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bake/calibrate/calibrate.hpp"
#include "base/json.hpp"

namespace ovenbird {

class KeptWork {
public:
    /// `key` says what is calibrated, and how. A folder that another key left, or that is damaged, is
    /// emptied. Errors: io, no_space.
    KeptWork(std::filesystem::path folder, const std::string& key);

    std::filesystem::path file(const std::string& name) const { return folder_ / name; }
    std::optional<CalibrationTokens> tokens() const;
    void keep(const CalibrationTokens& tokens);
    /// Layers whose codes are kept, from the first on, and what became of their matrices.
    int64_t layers() const { return layers_; }
    const std::vector<MatrixReport>& matrices() const { return matrices_; }
    /// Puts a kept layer's codes into its matrices. Errors: invalid_input when they do not fit.
    void restore(int64_t layer, const std::vector<QuantTarget>& matrices) const;
    /// To be called for one layer after the other; activations must be on disk before.
    void keep(int64_t layer, const std::vector<QuantTarget>& matrices, std::vector<MatrixReport> reports);

private:
    bool take_up();  // false: there is nothing of this key, or not all of it
    std::filesystem::path layer_file(int64_t layer) const;
    void write_state() const;

    std::filesystem::path folder_;
    std::string key_;
    int64_t layers_ = 0;
    std::vector<MatrixReport> matrices_;
};

Json to_json(const MatrixReport& matrix);

}  // namespace ovenbird
