// The table behind SynapsePath::automatic: one layer of LIF neurons, driven by random spikes of a
// given density, forward and each verb of the way back by each path.
#include "apps/bench_paths.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "apps/device_timer.hpp"
#include "apps/path_table_file.hpp"
#include "autograd/dispatch.hpp"
#include "core/error.hpp"
#include "core/random.hpp"
#include "core/sweep.hpp"

namespace spiketape::apps {
namespace {

/// Random spikes; the active set is the same places, so that `sample` visits as many as `scatter`.
SpikeTensor random_source(const PathGrid& grid, double percent) {
  Random random(7);
  std::vector<Event> events;
  for (std::int64_t row = 0; row < grid.batch * grid.steps; ++row)
    for (std::int64_t unit = 0; unit < grid.inputs; ++unit)
      if (random.uniform() < static_cast<float>(percent / 100.0))
        events.push_back({static_cast<std::int32_t>(row / grid.steps),
                          static_cast<std::int32_t>(row % grid.steps),
                          static_cast<std::int32_t>(unit)});
  const SpikeTensor spikes = SpikeTensor::from_events(grid.batch, grid.steps, grid.inputs, events);
  const UnitRows rows{
      std::make_shared<const Buffer<std::uint32_t>>(
          Buffer<std::uint32_t>::copy_of(spikes.event_offsets())),
      std::make_shared<const Buffer<UnitId>>(Buffer<UnitId>::copy_of(spikes.event_units()))};
  const std::vector<float> slopes(events.size(), 1.0f);
  return {grid.batch,
          grid.steps,
          grid.inputs,
          rows,
          rows,
          std::make_shared<const Buffer<float>>(Buffer<float>::copy_of(slopes))};
}

double median(std::vector<double>& values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Median of `repeats` after a warm-up.
PathTimes time_path(const SpikeTensor& source,
                    std::int64_t width,
                    SynapsePath path,
                    std::int64_t repeats) {
  const Device device = source.device();
  const std::int64_t inputs = source.neurons();
  Random random(3);
  Tensor weight({inputs, width});
  // About as many neurons near the threshold at every density: the currents have one variance.
  const double events =
      std::max(1.0, static_cast<double>(source.event_count()) / static_cast<double>(source.rows()));
  const auto gain = static_cast<float>(0.3 / std::sqrt(events));
  for (float& w : weight.values()) w = gain * (2.0f * random.uniform() - 1.0f);
  weight = weight.to(device);
  const auto synapse = linear_synapse(inputs, width, path);
  CurrentView current;
  current.name = "layer";
  current.device = device;
  current.batch = source.batch();
  current.steps = source.steps();
  current.neurons = width;
  current.terms.push_back({source, weight, *synapse, 1.0f});
  const NeuronModel model = lif_model(std::exp(-0.1), 1.0, false);
  DeviceTimer timer(device);
  std::vector<double> forward;
  std::vector<double> scatter;
  std::vector<double> sample;
  for (std::int64_t i = 0; i <= repeats; ++i) {
    timer.mark();
    const SpikeTensor spikes = dispatch<cpu::forward_sweep, cuda::forward_sweep>(
        device, ForwardSweepArguments{current, model, true});
    timer.mark();
    const Tensor grad = Tensor::full({spikes.active_count()}, 1.0f, device);
    Tensor grad_source({source.active_count()}, device);
    Tensor grad_weight({inputs, width}, device);
    const auto back = [&](float* of_source, Tensor* of_weight) {
      CurrentGradients gradients;
      gradients.sources = {of_source};
      gradients.weights = {of_weight};
      dispatch<cpu::backward_sweep, cuda::backward_sweep>(
          device,
          BackwardSweepArguments{current,
                                 model,
                                 spikes,
                                 {grad.data(), static_cast<std::size_t>(grad.size())},
                                 gradients});
    };
    timer.mark();
    back(nullptr, &grad_weight);
    timer.mark();
    back(grad_source.data(), nullptr);
    timer.mark();
    const std::vector<double> ms = timer.take();
    if (i == 0) continue;
    forward.push_back(ms[0]);
    scatter.push_back(ms[2]);
    sample.push_back(ms[3]);
  }
  return {path, median(forward), median(scatter), median(sample)};
}

void require_some(const PathGrid& grid) {
  const auto in_range = [](const auto& values, auto least, auto most) {
    return !values.empty() && std::all_of(values.begin(), values.end(), [&](auto value) {
      return value >= least && value <= most;
    });
  };
  if (!in_range(grid.widths, std::int64_t{1}, kMaxNeurons))
    throw Error(fmt::format("bench: --widths: expected numbers from 1 to {}", kMaxNeurons));
  if (!in_range(grid.percents, 1e-3, 100.0))
    throw Error("bench: --densities: expected percentages from 0.001 to 100");
}

}  // namespace

std::vector<SynapsePath> paths_of(Device device) {
  if (device == kCpu) return {SynapsePath::event, SynapsePath::gemm};
  return {SynapsePath::event, SynapsePath::cusparse, SynapsePath::cublas};
}

SynapsePath fastest(const PathMeasurement& row, double PathTimes::*verb) {
  return std::min_element(row.times.begin(),
                          row.times.end(),
                          [&](const PathTimes& a, const PathTimes& b) { return a.*verb < b.*verb; })
      ->path;
}

MeasuredPaths bench_paths(Device device,
                          const PathGrid& grid,
                          const std::function<void(const PathMeasurement&)>& report) {
  require_available(device);
  require_some(grid);
  MeasuredPaths measured{table_device(device), deterministic(), grid, {}};
  for (const double percent : grid.percents) {
    const SpikeTensor source = random_source(grid, percent).to(device);
    const double density = static_cast<double>(source.event_count()) /
                           static_cast<double>(source.rows() * source.neurons());
    if (source.event_count() == 0) continue;  // a small grid may have no spike at all
    for (const std::int64_t width : grid.widths) {
      PathMeasurement row{width, density, {}};
      for (const SynapsePath path : paths_of(device))
        row.times.push_back(time_path(source, width, path, grid.repeats));
      if (report) report(row);
      measured.rows.push_back(std::move(row));
    }
  }
  return measured;
}

std::string path_heading(Device device, const PathGrid& grid) {
  std::string heading = fmt::format(
      "{}: one layer of {} inputs, {} steps, batch {}; ms of forward, of dL/dW (scatter) and of "
      "dL/dS (sample), median of {}\n{:>6} {:>9}",
      device_in_words(device),
      grid.inputs,
      grid.steps,
      grid.batch,
      grid.repeats,
      "width",
      "density %");
  for (const SynapsePath path : paths_of(device))
    heading += fmt::format(
        " | {:>9} {:>9} {:>9}", fmt::format("{} fwd", to_string(path)), "scatter", "sample");
  return heading + " | fastest scatter, sample\n";
}

std::string path_line(const PathMeasurement& row) {
  std::string line = fmt::format("{:6} {:9.1f}", row.width, 100.0 * row.density);
  for (const PathTimes& times : row.times) {
    const std::size_t wide = to_string(times.path).size() + 4;  // of its "fwd" in the heading
    line += fmt::format(" | {:>{}.3f} {:>9.3f} {:>9.3f}",
                        times.forward,
                        std::max<std::size_t>(wide, 9),
                        times.scatter,
                        times.sample);
  }
  return line + fmt::format(" | {}, {}\n",
                            to_string(fastest(row, &PathTimes::scatter)),
                            to_string(fastest(row, &PathTimes::sample)));
}

}  // namespace spiketape::apps
