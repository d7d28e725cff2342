#pragma once
// OpenVINO's many-line exceptions, in one line that a person can read.

#include <exception>
#include <string>

namespace ovenbird {

/// The first line that says why, without source positions ("Exception from src/…:116:"), at most 300
/// characters.
std::string one_line_reason(const std::string& what);

/// Whether it is OpenVINO's, which nobody has given a better reason.
bool is_openvinos(const std::exception& error);

}  // namespace ovenbird
