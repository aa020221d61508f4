#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/events.hpp"

/// What `spiketape show` draws, and the script that draws it.
namespace spiketape::apps {

/// Who fired when, and who was active: one panel.
struct RasterPanel {
  std::string title;
  std::string unit;  ///< what the vertical axis counts: "unit" or "neuron"
  std::int64_t units = 0;
  std::vector<StepEvent> spikes;
  std::vector<StepEvent> active;  ///< empty for inputs
};

/// The membrane of one neuron: one panel.
struct MembranePanel {
  std::string title;
  double threshold = 1.0;
  double window = 0.2;          ///< infinity is allowed
  std::vector<float> membrane;  ///< [step]; fires where it is above the threshold
};

/// The trace of each class: one panel.
struct ReadoutPanel {
  std::string title;
  std::int64_t answer = 0;
  std::int64_t label = 0;
  std::vector<std::vector<float>> traces;  ///< [class][step]
};

/// A sample, and what a network makes of it, panel below panel over one axis of time.
struct Picture {
  std::string title;
  double dt = 1e-3;  ///< seconds a step
  std::int64_t steps = 0;
  std::vector<RasterPanel> rasters;
  std::vector<MembranePanel> membranes;
  std::vector<ReadoutPanel> readouts;
};

enum class PictureFormat { svg, png, pdf };

/// By the ending of `file`. @throws Error for any other.
PictureFormat picture_format(std::string_view file);

/// The picture as a gnuplot script that writes to its standard output. Titles go in as text that
/// gnuplot cannot take for commands. The same picture gives the same script.
std::string gnuplot_script(const Picture& picture, PictureFormat format);

}  // namespace spiketape::apps
