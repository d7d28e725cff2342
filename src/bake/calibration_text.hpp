#pragma once
// The text that a bake calibrates on, where it is a file's.

#include <filesystem>

#include "bake/calibrate/calibrate.hpp"

namespace ovenbird {

/// At most `tokens` tokens of a file, in sequences of kCalibrationLength, evenly spread over it: plain text,
/// or JSON lines with a "text", or with "messages" (rendered by the chat template). `text_folder` holds the
/// tokenizer. Errors: not_found, invalid_input (no UTF-8, too short for one sequence, an odd line: its
/// number).
CalibrationTokens read_calibration_text(const std::filesystem::path& file,
                                        const std::filesystem::path& text_folder, int64_t tokens);

}  // namespace ovenbird
