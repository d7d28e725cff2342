#include "eval/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/platform/files.hpp"
#include "eval/report_charts.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

// How every report begins: what tells ours from other pages.
constexpr std::string_view kBegin = "<!doctype html>\n<!-- made by ovenbird eval -->\n";

constexpr std::string_view kStyle =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;display:block;overflow-x:auto}"
    "th,td{padding:.25rem .7rem;text-align:right;border-bottom:1px solid #ddd;white-space:nowrap}"
    "th:first-child,td:first-child,.text{text-align:left}.text{white-space:normal}"
    "svg{width:100%;height:auto}svg text{font-size:11px;fill:#444}.grid{stroke:#ddd;fill:none}"
    "code{white-space:pre-wrap}mark{background:#ffd9a8}"
    "@media(prefers-color-scheme:dark){body{background:#1b1b1b;color:#ddd}svg text{fill:#bbb}"
    "th,td,.grid{border-color:#444;stroke:#444}mark{background:#7a4a10;color:#fff}}";

constexpr int64_t kContextTokens = 16;  // shown before a token

std::string row_of(const std::vector<std::string>& cells, const char* tag = "td") {
    std::string row = "<tr>";
    for (const auto& cell : cells)
        row += fmt::format("<{}>{}</{}>", tag, escaped_html(cell), tag);
    return row + "</tr>\n";
}

// What the source itself says: the same beside all that were measured.
std::string source_row(const Evaluation& evaluation) {
    const auto* figures = evaluation.measured.empty() ? nullptr : source_figures(evaluation.measured.front());
    const auto& choices = evaluation.source_choices;
    if (figures == nullptr && !choices) return "";
    return row_of({"the source", "", "CPU, f32", "",
                   figures ? fmt::format("{:.3f}", figures->perplexity()) : "", "", "", "", "",
                   choices ? fmt::format("{:.2f} %", 100 * choices->acc()) : "",
                   choices ? fmt::format("{:.2f} %", 100 * choices->acc_norm()) : ""});
}

std::string figures_table(const Evaluation& evaluation) {
    std::string table = "<table>\n" + row_of({"model", "form", "device", "MiB", "perplexity", "KL", "±",
                                              "top-1", "same start", "acc", "acc_norm"},
                                             "th");
    for (const auto& each : evaluation.measured) {
        std::vector<std::string> cells{
            each.folder, each.form, each.device,
            fmt::format("{:.1f}", static_cast<double>(each.weights_bytes) / (1 << 20))};
        const auto* source = source_figures(each);
        cells.push_back(each.text ? fmt::format("{:.3f}", each.text->perplexity()) : "");
        cells.push_back(source ? fmt::format("{:.5f}", source->mean_kl()) : "");
        cells.push_back(source ? fmt::format("{:.5f}", source->kl_error()) : "");
        cells.push_back(source ? fmt::format("{:.2f} %", 100 * source->top1_agreement()) : "");
        cells.push_back(each.greedy ? fmt::format("{:.1f} of {}, least {}", each.greedy->mean(),
                                                  each.greedy->answer_tokens, each.greedy->least())
                                    : "");
        cells.push_back(each.choices ? fmt::format("{:.2f} %", 100 * each.choices->acc()) : "");
        cells.push_back(each.choices ? fmt::format("{:.2f} %", 100 * each.choices->acc_norm()) : "");
        table += row_of(cells);
    }
    return table + source_row(evaluation) + "</table>\n";
}

std::string text_of(const Tokenizer& tokenizer, const Sequence& ids) {
    try {
        return tokenizer.decode(ids, false);
    } catch (const Error&) {
        return "?";  // a model's table may be larger than its tokenizer's
    }
}

std::string worst_table(const Measured& measured, const Evaluation& evaluation, const Tokenizer& tokenizer) {
    if (!measured.text) return "";
    const bool beside = measured.text->source.has_value();
    std::string table =
        fmt::format("<h3>{}, {}</h3>\n<table>\n<tr><th class=\"text\">text, and the token</th>",
                    escaped_html(measured.folder), escaped_html(measured.form));
    table += beside ? "<th>KL</th><th>probability</th><th>the source's</th><th>likeliest</th><th>the "
                      "source's</th></tr>\n"
                    : "<th>probability</th><th>likeliest</th></tr>\n";
    for (const auto& worst : measured.text->worst) {
        const auto& ids = evaluation.windows.at(worst.window);
        const auto token = ids.begin() + worst.position;
        const auto from = ids.begin() + std::max<int64_t>(0, worst.position - kContextTokens);
        table += fmt::format("<tr><td class=\"text\"><code>{}<mark>{}</mark></code></td>",
                             escaped_html(text_of(tokenizer, {from, token})),
                             escaped_html(text_of(tokenizer, {*token})));
        const auto best = escaped_html(text_of(tokenizer, {worst.best}));
        if (beside) {
            table += fmt::format(
                "<td>{:.4f}</td><td>{:.2e}</td><td>{:.2e}</td><td><code>{}</code></td>"
                "<td><code>{}</code></td></tr>\n",
                worst.kl, std::exp(worst.log_probability), std::exp(worst.source_log_probability), best,
                escaped_html(text_of(tokenizer, {worst.source_best})));
        } else {
            table += fmt::format("<td>{:.2e}</td><td><code>{}</code></td></tr>\n",
                                 std::exp(worst.log_probability), best);
        }
    }
    return table + "</table>\n";
}

bool is_ours(const fs::path& file) {
    // Whatever is not a regular file of ours stays as it is.
    return fs::is_regular_file(file) && read_file(file).starts_with(kBegin);
}

}  // namespace

std::string escaped_html(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        if (c == '&') {
            escaped += "&amp;";
        } else if (c == '<') {
            escaped += "&lt;";
        } else if (c == '>') {
            escaped += "&gt;";
        } else if (c == '"') {
            escaped += "&quot;";
        } else if (c == '\'') {
            escaped += "&#39;";
        } else if ((c >= 0 && c < ' ' && c != '\n' && c != '\t') || c == '\x7f') {
            escaped += "\xef\xbf\xbd";
        } else {
            escaped += c;
        }
    }
    return escaped;
}

std::string report_html(const Evaluation& evaluation, const Tokenizer& tokenizer) {
    std::string page(kBegin);
    page += fmt::format(
        "<html lang=\"en\"><head><meta charset=\"utf-8\"><title>ovenbird eval</title>\n<style>{}"
        "</style></head><body>\n<h1>How good is the bake?</h1>\n",
        kStyle);
    if (!evaluation.text_name.empty())
        page += fmt::format("<p>Text: {}, windows of at most {} tokens ({} of them). ",
                            escaped_html(evaluation.text_name), evaluation.window_tokens,
                            evaluation.windows.size());
    else
        page += "<p>";
    if (!evaluation.questions.empty()) page += fmt::format("Questions: {}. ", evaluation.questions.size());
    if (!evaluation.source_name.empty())
        page += fmt::format("Source: {}. KL is KL(source || baked), mean a token, in nats.",
                            escaped_html(evaluation.source_name));
    page += "</p>\n" + figures_table(evaluation);
    if (const auto chart = position_chart(evaluation); !chart.empty())
        page += "<h2>KL by position in the window</h2>\n" + chart;
    if (const auto chart = size_chart(evaluation); !chart.empty()) page += "<h2>KL and size</h2>\n" + chart;
    const auto& measured = evaluation.measured;
    if (std::any_of(measured.begin(), measured.end(), [](const auto& each) { return each.text.has_value(); }))
        page += "<h2>The worst tokens</h2>\n";
    for (const auto& each : measured) {
        page += worst_table(each, evaluation, tokenizer);
    }
    return page + "</body></html>\n";
}

void check_report_place(const fs::path& folder) {
    std::error_code error;
    if (fs::exists(folder, error) && !fs::is_directory(folder, error))
        fail(ErrorCode::usage, "--report {}: is a file; name a folder", folder.string());
    const fs::path page = folder / kReportName;
    if (!fs::exists(fs::symlink_status(page, error)) || is_ours(page)) return;
    fail(ErrorCode::usage, "--report: {} is no report of Ovenbird's; name another folder", page.string());
}

void write_report(const fs::path& folder, const std::string& html) {
    check_report_place(folder);
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) fail(ErrorCode::io, "{}: {}", folder.string(), error.message());
    replace_file(folder / kReportName, html);
}

}  // namespace ovenbird
