// Reading guide: every panel gets its place in pixels from the top, and gnuplot's margins put it
// there, so that all share one axis of time. An entry of a raster is a dash as long as its step
// lasts; dashes of a unit that meet become one, which keeps files small.
#include "apps/picture.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape::apps {
namespace {

constexpr const char* kSpikes = "#1b3a6b";
constexpr const char* kActive = "#f2b66d";
constexpr const char* kWindow = "#fbe3bd";
constexpr const char* kThreshold = "#c0392b";
constexpr const char* kOthers = "#b8b8b8";

// Pixels.
constexpr double kWidth = 900.0;
constexpr double kLeft = 76.0;
constexpr double kTitle = 34.0;
constexpr double kPanelTitle = 26.0;
constexpr double kBottom = 56.0;
constexpr double kLegend = 130.0;
constexpr double kNoLegend = 24.0;
constexpr double kTicDistance = 35.0;

/// Text that gnuplot takes literally: nothing is special inside single quotes but the quote itself,
/// and a line break would end the command.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'')
      result += "''";
    else
      result += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  return result + "'";
}

std::string terminal(PictureFormat format, double height) {
  constexpr const char* kFont = "noenhanced font 'sans-serif,12'";
  switch (format) {
    case PictureFormat::svg:
      return fmt::format("svg size {},{} {} background 'white'", kWidth, height, kFont);
    case PictureFormat::png:
      return fmt::format("pngcairo size {},{} fontscale 1.6 linewidth 2 pointscale 2 {}",
                         2.0 * kWidth,
                         2.0 * height,
                         kFont);
    case PictureFormat::pdf:
      break;
  }
  return fmt::format("pdfcairo size {:.4f}in,{:.4f}in {}", kWidth / 72.0, height / 72.0, kFont);
}

/// The least of 1, 2, 5, 10, 20, ... (or a tenth of them, and so on) that is not below `least`.
double tic_distance(double least) {
  const double decade = std::pow(10.0, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * decade >= least) return factor * decade;
  return 10.0 * decade;
}

/// Writes a script panel by panel, from the top down.
class Script {
 public:
  Script(const Picture& picture, PictureFormat format);

  void add(const RasterPanel& panel);
  void add(const MembranePanel& panel);
  void add(const ReadoutPanel& panel);
  std::string finish() &&;

 private:
  double height_of(const RasterPanel& panel) const;
  double milliseconds(std::int64_t step) const {
    return 1e3 * picture_.dt * static_cast<double>(step);
  }
  template <typename... Values>
  void line(fmt::format_string<Values...> format, Values&&... values) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Values>(values)...);
    text_ += '\n';
  }
  /// Places the next panel.
  void begin(const std::string& title, const std::string& vertical, double height);
  void vertical_range(double low, double high, double height) {
    line("set yrange [{:.6g}:{:.6g}]", low, high);
    line("set ytics {:.6g}", tic_distance((high - low) * kTicDistance / height));
  }
  void dashes(const char* name, std::vector<StepEvent> entries);
  void values(const std::string& name, std::span<const float> trace, bool as_steps);

  const Picture& picture_;
  bool legend_;
  double height_ = 0.0;
  double top_ = kTitle;
  std::size_t panels_ = 0;
  std::string text_;
};

constexpr double kMembraneHeight = 90.0;
constexpr double kReadoutHeight = 150.0;

double Script::height_of(const RasterPanel& panel) const {
  if (!legend_) return 330.0;
  return &panel == picture_.rasters.data() ? 200.0 : 150.0;
}

Script::Script(const Picture& picture, PictureFormat format)
    : picture_(picture), legend_(!picture.readouts.empty()) {
  height_ = kTitle + kBottom;
  for (const RasterPanel& panel : picture.rasters) height_ += kPanelTitle + height_of(panel);
  height_ += static_cast<double>(picture.membranes.size()) * (kPanelTitle + kMembraneHeight);
  height_ += static_cast<double>(picture.readouts.size()) * (kPanelTitle + kReadoutHeight);
  line("set terminal {}", terminal(format, height_));
  line("set encoding utf8");
  line("set multiplot");
  line("set lmargin at screen {:.5f}", kLeft / kWidth);
  line("set rmargin at screen {:.5f}", 1.0 - (legend_ ? kLegend : kNoLegend) / kWidth);
  line("set xrange [0:{:.6g}]", milliseconds(picture.steps));
  line("set tics out nomirror scale 0.5");
  line("set label 2 {} at screen 0.5,screen {:.5f} center font ',14'",
       quoted(picture.title),
       1.0 - 0.6 * kTitle / height_);
}

void Script::begin(const std::string& title, const std::string& vertical, double height) {
  line("set key at graph 1.01,1 left top Left reverse samplen 1.5");
  if (++panels_ == 2) line("unset label 2");
  top_ += kPanelTitle;
  line("set tmargin at screen {:.5f}", 1.0 - top_ / height_);
  top_ += height;
  line("set bmargin at screen {:.5f}", 1.0 - top_ / height_);
  const bool last =
      panels_ == picture_.rasters.size() + picture_.membranes.size() + picture_.readouts.size();
  line("set format x '{}'", last ? "%g" : "");
  // Axis titles at places of their own: gnuplot's would move out of the picture with wide numbers.
  if (last) line("set label 4 'time (ms)' at graph 0.5,screen {:.5f} center", 14.0 / height_);
  line("set label 3 {} at screen {:.5f},graph 0.5 center rotate", quoted(vertical), 16.0 / kWidth);
  line("set label 1 {} at graph 0,graph 1 offset character 0,0.7 left", quoted(title));
}

void Script::dashes(const char* name, std::vector<StepEvent> entries) {
  std::sort(entries.begin(), entries.end(), [](const StepEvent& left, const StepEvent& right) {
    return left.unit != right.unit ? left.unit < right.unit : left.step < right.step;
  });
  line("${} << END", name);
  for (std::size_t i = 0; i < entries.size();) {
    const StepEvent first = entries[i];
    std::int64_t end = first.step + 1;
    for (++i; i < entries.size() && entries[i].unit == first.unit && entries[i].step <= end; ++i)
      end = entries[i].step + 1;
    line("{:.6g} {}\n{:.6g} {}\n",
         milliseconds(first.step),
         first.unit,
         milliseconds(end),
         first.unit);
  }
  line("END");
}

void Script::add(const RasterPanel& panel) {
  begin(panel.title, panel.unit, height_of(panel));
  vertical_range(-1.0, static_cast<double>(panel.units), height_of(panel));
  dashes("active", panel.active);
  dashes("spikes", panel.spikes);
  const double thickness =
      std::clamp(0.8 * height_of(panel) / static_cast<double>(panel.units), 1.2, 6.0);
  std::string plot = "plot NaN notitle";
  const auto draw = [&](const char* name, const char* colour) {
    plot += fmt::format(
        ", ${} using 1:2 with lines lw {:.2f} lc rgb '{}' notitle", name, thickness, colour);
  };
  if (!panel.active.empty()) draw("active", kActive);
  if (!panel.spikes.empty()) draw("spikes", kSpikes);
  if (legend_)
    plot += fmt::format(", keyentry with lines lw 4 lc rgb '{}' title 'spikes'", kSpikes);
  if (!panel.active.empty())
    plot += fmt::format(", keyentry with lines lw 4 lc rgb '{}' title 'active'", kActive);
  line("{}", plot);
}

void Script::values(const std::string& name, std::span<const float> trace, bool as_steps) {
  line("${} << END", name);
  for (std::size_t step = 0; step < trace.size(); ++step)
    line("{:.6g} {:.5g}", milliseconds(static_cast<std::int64_t>(step)), trace[step]);
  // The last value holds to the end of its step.
  if (as_steps && !trace.empty()) line("{:.6g} {:.5g}", milliseconds(picture_.steps), trace.back());
  line("END");
}

void Script::add(const MembranePanel& panel) {
  begin(panel.title, "V", kMembraneHeight);
  const bool shaded = std::isfinite(panel.window);
  double low = panel.threshold - (shaded ? panel.window : 0.0);
  double high = panel.threshold + (shaded ? panel.window : 0.0);
  for (const float v : panel.membrane) {
    low = std::min(low, static_cast<double>(v));
    high = std::max(high, static_cast<double>(v));
  }
  const double margin = 0.08 * (high - low) + 1e-3;
  vertical_range(low - margin, high + margin, kMembraneHeight);
  line("set object 1 rectangle from graph 0,{} to graph 1,{} fc rgb '{}' fs solid noborder behind",
       shaded ? fmt::format("first {:.6g}", panel.threshold - panel.window) : "graph 0",
       shaded ? fmt::format("first {:.6g}", panel.threshold + panel.window) : "graph 1",
       kWindow);
  values("membrane", panel.membrane, true);
  line("$fired << END");
  bool fires = false;
  for (std::size_t step = 0; step < panel.membrane.size(); ++step) {
    if (!(panel.membrane[step] > panel.threshold)) continue;
    fires = true;
    line("{:.6g} {:.5g}",
         milliseconds(static_cast<std::int64_t>(step)) + 0.5e3 * picture_.dt,
         panel.membrane[step]);
  }
  line("END");
  if (&panel != picture_.membranes.data()) line("unset key");  // one legend is enough
  line(
      "plot {:.6g} with lines lw 1 dt 2 lc rgb '{}' title 'threshold', $membrane using 1:2 with "
      "steps lw 1.2 lc rgb '#444444' title 'membrane'{}, keyentry with boxes fs solid lc rgb '{}' "
      "title 'window'",
      panel.threshold,
      kThreshold,
      fires ? fmt::format(", $fired using 1:2 with points pt 7 ps 0.4 lc rgb '{}' title 'spike'",
                          kSpikes)
            : "",
      kWindow);
  line("unset object 1");
}

void Script::add(const ReadoutPanel& panel) {
  begin(panel.title, "O", kReadoutHeight);
  double low = 0.0;
  double high = 0.0;
  for (const std::vector<float>& trace : panel.traces)
    for (const float value : trace) {
      low = std::min(low, static_cast<double>(value));
      high = std::max(high, static_cast<double>(value));
    }
  const double margin = 0.05 * (high - low) + 1e-3;
  vertical_range(low - margin, high + margin, kReadoutHeight);
  std::string others;
  std::string named;
  for (std::size_t c = 0; c < panel.traces.size(); ++c) {
    const std::string name = fmt::format("class{}", c);
    values(name, panel.traces[c], false);
    const auto number = static_cast<std::int64_t>(c);
    const auto bold = [&](const char* colour, const char* title) {
      named += fmt::format(
          ", ${} using 1:2 with lines lw 2 lc rgb '{}' title '{} {}'", name, colour, title, number);
    };
    if (number == panel.answer)
      bold(kSpikes, "answer");
    else if (number == panel.label)
      bold(kThreshold, "class");
    else
      others += fmt::format(", ${} using 1:2 with lines lw 1 lc rgb '{}' notitle", name, kOthers);
  }
  if (!others.empty())
    named += fmt::format(", keyentry with lines lw 1 lc rgb '{}' title 'others'", kOthers);
  line("plot NaN notitle{}{}", others, named);
}

std::string Script::finish() && {
  line("unset multiplot");
  return std::move(text_);
}

}  // namespace

PictureFormat picture_format(std::string_view file) {
  const std::string ending = std::filesystem::path(file).extension().string();
  if (ending == ".svg") return PictureFormat::svg;
  if (ending == ".png") return PictureFormat::png;
  if (ending == ".pdf") return PictureFormat::pdf;
  throw Error(fmt::format("out: expected a file that ends in .svg, .png or .pdf, got '{}'", file));
}

std::string gnuplot_script(const Picture& picture, PictureFormat format) {
  Script script(picture, format);
  for (const RasterPanel& panel : picture.rasters) script.add(panel);
  for (const MembranePanel& panel : picture.membranes) script.add(panel);
  for (const ReadoutPanel& panel : picture.readouts) script.add(panel);
  return std::move(script).finish();
}

}  // namespace spiketape::apps
