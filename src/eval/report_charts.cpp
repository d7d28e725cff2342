#include "eval/report_charts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "eval/report.hpp"

namespace ovenbird {
namespace {

constexpr double kWidth = 720, kHeight = 260, kLeft = 64, kRight = 16, kTop = 26, kBottom = 40;
constexpr size_t kPoints = 32;  // of a line: neighbouring positions share one
constexpr std::array kColours{"#0b6fb8", "#c2571a", "#3a8a3a", "#8a4bb0", "#b8960b", "#666666"};

struct Point {
    double x, y;
};

struct Line {
    std::string name;
    std::vector<Point> points;
};

class Chart {
public:
    Chart(double most_x, double most_y)
        : most_x_(most_x > 0 ? most_x : 1), most_y_(most_y > 0 ? 1.05 * most_y : 1) {
        svg_ = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\">\n", kWidth, kHeight);
    }
    double x(double value) const { return kLeft + value / most_x_ * (kWidth - kLeft - kRight); }
    double y(double value) const { return kHeight - kBottom - value / most_y_ * (kHeight - kTop - kBottom); }
    void add(const std::string& part) { svg_ += part + "\n"; }

    void axes(const std::string& x_title, const std::string& y_title) {
        constexpr int kTicks = 4;
        for (int i = 0; i <= kTicks; ++i) {
            const double share = static_cast<double>(i) / kTicks;
            const double at_y = most_y_ * share;
            const double at_x = most_x_ * share;
            add(fmt::format("<path class=\"grid\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>", kLeft, y(at_y),
                            kWidth - kRight));
            add(fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{:.3g}</text>", kLeft - 6,
                            y(at_y) + 4, at_y));
            add(fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{:.4g}</text>", x(at_x),
                            kHeight - kBottom + 16, at_x));
        }
        add(fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>", kWidth - kRight,
                        kHeight - 6, escaped_html(x_title)));
        add(fmt::format("<text x=\"4\" y=\"{:.1f}\">{}</text>", kTop - 14, escaped_html(y_title)));
    }
    std::string finish() { return svg_ + "</svg>\n"; }

private:
    double most_x_, most_y_;
    std::string svg_;
};

Line line_of(const Measured& measured) {
    Line line{measured.folder + ", " + measured.form, {}};
    if (!measured.text) return line;
    const auto& positions = measured.text->positions;
    const size_t width = std::max<size_t>(1, (positions.size() + kPoints - 1) / kPoints);
    for (size_t begin = 1; begin < positions.size(); begin += width) {
        PositionSum sum;
        for (size_t i = begin; i < std::min(positions.size(), begin + width); ++i) {
            sum.tokens += positions[i].tokens;
            sum.kl += positions[i].kl;
        }
        if (sum.tokens > 0)
            line.points.push_back({static_cast<double>(begin) + static_cast<double>(width - 1) / 2,
                                   sum.kl / static_cast<double>(sum.tokens)});
    }
    return line;
}

}  // namespace

std::string position_chart(const Evaluation& evaluation) {
    std::vector<Line> lines;
    double most_x = 0;
    double most_y = 0;
    for (const auto& measured : evaluation.measured) {
        if (source_figures(measured) == nullptr) continue;
        lines.push_back(line_of(measured));
        for (const auto& point : lines.back().points) {
            most_x = std::max(most_x, point.x);
            most_y = std::max(most_y, point.y);
        }
    }
    if (lines.empty()) return "";
    Chart chart(most_x, most_y);
    chart.axes("position in the window", "nats a token");
    std::string legend;
    for (size_t i = 0; i < lines.size(); ++i) {
        const char* colour = kColours[i % kColours.size()];
        std::string points;
        for (const auto& point : lines[i].points)
            points += fmt::format("{:.1f},{:.1f} ", chart.x(point.x), chart.y(point.y));
        chart.add(fmt::format("<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"2\" points=\"{}\"/>",
                              colour, points));
        legend +=
            fmt::format("<span style=\"color:{}\">&#9632; {}</span> ", colour, escaped_html(lines[i].name));
    }
    return chart.finish() + "<p>" + legend + "</p>\n";
}

std::string size_chart(const Evaluation& evaluation) {
    constexpr double kMiB = 1 << 20;
    std::set<std::string> folders;
    double most_x = 0;
    double most_y = 0;
    for (const auto& measured : evaluation.measured) {
        const auto* source = source_figures(measured);
        if (source == nullptr) continue;
        folders.insert(measured.folder);
        most_x = std::max(most_x, static_cast<double>(measured.weights_bytes) / kMiB);
        most_y = std::max(most_y, source->mean_kl());
    }
    if (folders.size() < 2) return "";
    Chart chart(1.1 * most_x, most_y);
    chart.axes("MiB of weights", "nats a token");
    for (const auto& measured : evaluation.measured) {
        const auto* source = source_figures(measured);
        if (source == nullptr) continue;
        const double x = chart.x(static_cast<double>(measured.weights_bytes) / kMiB);
        const double y = chart.y(source->mean_kl());
        const bool is_right = x > kWidth / 2;
        chart.add(
            fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" fill=\"{}\"/>", x, y, kColours[0]));
        chart.add(fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}, {}</text>",
                              is_right ? x - 8 : x + 8, y + 4, is_right ? "end" : "start",
                              escaped_html(measured.folder), escaped_html(measured.form)));
    }
    return chart.finish();
}

}  // namespace ovenbird
