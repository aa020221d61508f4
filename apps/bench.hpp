#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/device.hpp"
#include "core/synapse.hpp"

namespace CLI {
class App;
}

namespace spiketape::apps {

/// The paper's network at the shape and event count of one data set: inputs -> hidden -> hidden ->
/// readout.
struct BenchShape {
  std::string_view name;
  std::int64_t inputs;
  std::int64_t classes;
  std::int64_t steps;
  double dt;
  double tau_readout;
  double events;   ///< a sample, at random places
  bool sum_score;  ///< else the maximum
  float gain;      ///< uniform weights in +-gain / sqrt(inputs): layers show 1 to 2 % activity
  float upper;     ///< f_u of the regulariser
};

/// fmnist, nmnist and shd.
const std::vector<BenchShape>& bench_shapes();

/// What is measured.
struct BenchSettings {
  std::int64_t hidden = 200;
  std::int64_t batch = 256;
  int threads = 0;  ///< 0: every core
  float window = 0.2f;
  SynapsePath path = SynapsePath::automatic;
  Device device = kCpu;
  std::int64_t repeats = 50;  ///< steps measured, after half a second of warm-up
  bool with_dense = true;
  bool with_graph = true;  ///< on a card, also as a CUDA graph
};

/// Milliseconds of one training step: median over the repeats, and the spread (third minus first
/// quartile) of the whole.
struct StepTimes {
  double forward = 0.0;
  double backward = 0.0;
  double update = 0.0;
  double step = 0.0;
  double spread = 0.0;
};

/// One line of the benchmark; see `spiketape bench --help` for the keys of its JSON.
struct BenchResult {
  BenchShape shape;
  BenchSettings settings;
  StepTimes times;
  StepTimes graph_times;  ///< the whole step, replayed as a CUDA graph; zeros without
  std::string why_no_graph;
  StepTimes dense_times;  ///< zeros without the dense baseline
  std::int64_t tape_bytes = 0;
  std::int64_t dense_tape_bytes = 0;
  std::int64_t device_peak_bytes = 0;  ///< most that the device held at once, input included
  std::int64_t graph_device_peak_bytes = 0;
  std::int64_t dense_device_peak_bytes = 0;  ///< 0 without the dense baseline
  double macs = 0.0;
  double dense_macs = 0.0;
  std::vector<double> spikes_percent;
  std::vector<double> active_percent;
  double peak_rss_mib = 0.0;
};

/// Times training steps (forward, backward, Adam with a rate of 0, so that activity stays) on
/// random input. The dense baseline is the same network and input with window = infinity and matrix
/// products (path gemm, on a card by cuBLAS): dense backprop through time.
/// @throws BackendError for a device that is not there.
BenchResult bench(const BenchShape& shape, const BenchSettings& settings);

/// Adds `spiketape bench`.
void add_bench(CLI::App& app);

}  // namespace spiketape::apps
