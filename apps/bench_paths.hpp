#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/device.hpp"
#include "core/synapse.hpp"

namespace spiketape::apps {

/// One layer of LIF neurons, driven by random spikes: over which sizes it is timed.
struct PathGrid {
  std::int64_t batch = 256;
  std::int64_t repeats = 50;
  std::int64_t inputs = 784;
  std::int64_t steps = 100;
  std::vector<std::int64_t> widths{10, 64, 200, 1000};
  std::vector<double> percents{1.0, 2.0, 5.0, 10.0, 20.0, 35.0, 50.0, 75.0};  ///< of the density
};

/// Milliseconds of one layer by one path, medians. Scatter and sample are each a whole way back
/// with that verb alone, the recursion over the steps included.
struct PathTimes {
  SynapsePath path;
  double forward;
  double scatter;
  double sample;
};

struct PathMeasurement {
  std::int64_t width;
  double density;  ///< spikes per place of the source, and as many active entries
  std::vector<PathTimes> times;
};

/// What a device has measured.
struct MeasuredPaths {
  std::string device;  ///< name of the card, or "cpu"
  bool deterministic = false;
  PathGrid grid;
  std::vector<PathMeasurement> rows;
};

/// The paths that a device has, the event path first.
std::vector<SynapsePath> paths_of(Device device);

/// The fastest path of a row for a verb; the first of several.
SynapsePath fastest(const PathMeasurement& row, double PathTimes::*verb);

/// Times every width and density by every path; `report` sees each row as soon as it is there.
/// @throws Error for a grid of nothing, BackendError for a device that is not there.
MeasuredPaths bench_paths(Device device,
                          const PathGrid& grid,
                          const std::function<void(const PathMeasurement&)>& report = {});

/// The heading of a table for people, and one of its lines.
std::string path_heading(Device device, const PathGrid& grid);
std::string path_line(const PathMeasurement& row);

}  // namespace spiketape::apps
