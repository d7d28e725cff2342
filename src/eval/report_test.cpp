#include "eval/report.hpp"

#include <gtest/gtest.h>

#include "base/test_folder.hpp"
#include "eval/report_charts.hpp"
#include "run/test_byte_tokenizer.hpp"

namespace ovenbird {
namespace {

namespace fs = std::filesystem;

Evaluation evaluation_of(const std::vector<std::string>& folders) {
    Evaluation evaluation;
    evaluation.text_name = "<script>alert('x')</script>";
    evaluation.source_name = "a&b";
    evaluation.windows = {{'<', 'b', '>', '"'}};
    for (const auto& folder : folders) {
        Measured measured;
        measured.folder = folder;
        measured.form = "whole";
        measured.weights_bytes = uint64_t{1 + evaluation.measured.size()} << 20;
        measured.text.emplace();
        measured.text->tokens = 3;
        measured.text->source.emplace();
        measured.text->source->tokens = 3;
        measured.text->positions = {{}, {1, 0.1, -1}, {1, 0.2, -1}, {1, 0.3, -1}};
        measured.text->worst = {{.window = 0, .position = 2, .kl = 0.5, .best = 'x', .source_best = 100000}};
        evaluation.measured.push_back(measured);
    }
    return evaluation;
}

class Report : public testing::Test {
protected:
    std::string page(const Evaluation& evaluation) {
        write_file(temporary_.path() / "tokenizer.json", byte_tokenizer().dump());
        return report_html(evaluation, Tokenizer::load(temporary_.path()));
    }
    TestFolder temporary_;
    fs::path folder_ = temporary_.path() / "report";
};

TEST(EscapedHtml, WhatMeansSomethingThere) {
    EXPECT_EQ(escaped_html("<a href=\"x\">'&'"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;");
    EXPECT_EQ(escaped_html(std::string_view("a\0b\x1b", 4)),
              "a\xef\xbf\xbd"
              "b\xef\xbf\xbd");
    EXPECT_EQ(escaped_html("é\n"), "é\n");
}

TEST_F(Report, NoTextBecomesMarkup) {
    const auto html = page(evaluation_of({"<img src=x onerror=y>", "\"quoted\""}));
    EXPECT_EQ(html.find("<script"), std::string::npos);
    EXPECT_EQ(html.find("<img"), std::string::npos);
    EXPECT_EQ(html.find("http"), std::string::npos);  // nothing from the network
    EXPECT_NE(html.find("<code>&lt;b<mark>&gt;</mark></code>"), std::string::npos);
    EXPECT_NE(html.find("a&amp;b"), std::string::npos);
}

TEST_F(Report, SizeChartNeedsTwoFolders) {
    EXPECT_EQ(size_chart(evaluation_of({"a"})), "");
    EXPECT_NE(size_chart(evaluation_of({"a", "b"})).find("<circle"), std::string::npos);
    EXPECT_NE(position_chart(evaluation_of({"a"})).find("<polyline"), std::string::npos);
}

TEST_F(Report, ReplacesOnlyItsOwn) {
    const auto html = page(evaluation_of({"a"}));
    check_report_place(folder_);
    write_report(folder_, html);
    EXPECT_EQ(read_file(folder_ / kReportName), html);
    write_report(folder_, html);
    write_file(folder_ / kReportName, "<html>mine</html>");
    error_of(ErrorCode::usage, [&] { check_report_place(folder_); });
    error_of(ErrorCode::usage, [&] { write_report(folder_, html); });
    EXPECT_EQ(read_file(folder_ / kReportName), "<html>mine</html>");
    error_of(ErrorCode::usage, [&] { check_report_place(folder_ / kReportName); });
}

}  // namespace
}  // namespace ovenbird
