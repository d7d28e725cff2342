#pragma once
// What was measured as one HTML page: no network, no scripts, its charts as inline SVG.

#include <filesystem>
#include <string>
#include <string_view>

#include "eval/evaluation.hpp"
#include "text/tokenizer.hpp"

namespace ovenbird {

inline constexpr const char* kReportName = "index.html";

/// For text and attributes of HTML: & < > " ' and control characters, which become U+FFFD.
std::string escaped_html(std::string_view text);

/// The page. `tokenizer` gives the worst tokens their text.
std::string report_html(const Evaluation& evaluation, const Tokenizer& tokenizer);

/// Looks before any work whether a report may be written into `folder`. Errors: usage (a file, or a page
/// there that is not Ovenbird's report), io.
void check_report_place(const std::filesystem::path& folder);

/// Writes the page, whole or not at all; an older report is replaced. Errors: as above; no_space.
void write_report(const std::filesystem::path& folder, const std::string& html);

}  // namespace ovenbird
