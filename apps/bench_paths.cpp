// The table behind SynapsePath::automatic: one layer of LIF neurons, driven by random spikes of a
// given density, forward and backward by each path.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "apps/bench.hpp"
#include "apps/device_timer.hpp"
#include "autograd/dispatch.hpp"
#include "core/random.hpp"
#include "core/sweep.hpp"

namespace spiketape::apps {
namespace {

constexpr std::int64_t kInputs = 784;
constexpr std::int64_t kSteps = 100;
constexpr std::array<std::int64_t, 3> kWidths = {64, 200, 1000};
constexpr std::array<double, 8> kPercents = {1.0, 2.0, 5.0, 10.0, 20.0, 35.0, 50.0, 75.0};

/// Random spikes; the active set is the same places, so that `sample` visits as many as `gather`.
SpikeTensor random_source(std::int64_t batch, double percent) {
  Random random(7);
  std::vector<Event> events;
  for (std::int64_t row = 0; row < batch * kSteps; ++row)
    for (std::int32_t unit = 0; unit < kInputs; ++unit)
      if (random.uniform() < static_cast<float>(percent / 100.0))
        events.push_back({static_cast<std::int32_t>(row / kSteps),
                          static_cast<std::int32_t>(row % kSteps),
                          unit});
  const SpikeTensor spikes = SpikeTensor::from_events(batch, kSteps, kInputs, events);
  const UnitRows rows{
      std::make_shared<const Buffer<std::uint32_t>>(
          Buffer<std::uint32_t>::copy_of(spikes.event_offsets())),
      std::make_shared<const Buffer<UnitId>>(Buffer<UnitId>::copy_of(spikes.event_units()))};
  const std::vector<float> slopes(events.size(), 1.0f);
  return {batch,
          kSteps,
          kInputs,
          rows,
          rows,
          std::make_shared<const Buffer<float>>(Buffer<float>::copy_of(slopes))};
}

/// The paths that a device has, the event path first.
std::vector<SynapsePath> paths_of(Device device) {
  if (device == kCpu) return {SynapsePath::event, SynapsePath::gemm};
  return {SynapsePath::event, SynapsePath::cusparse, SynapsePath::cublas};
}

struct PathTimes {
  double forward;
  double backward;
};

/// Milliseconds of one layer: median of `repeats` after a warm-up.
PathTimes time_path(const SpikeTensor& source, std::int64_t width, SynapsePath path, int repeats) {
  const Device device = source.device();
  Random random(3);
  Tensor weight({kInputs, width});
  // About as many neurons near the threshold at every density: the currents have one variance.
  const double events =
      static_cast<double>(source.event_count()) / static_cast<double>(source.rows());
  const auto gain = static_cast<float>(0.3 / std::sqrt(events));
  for (float& w : weight.values()) w = gain * (2.0f * random.uniform() - 1.0f);
  weight = weight.to(device);
  const auto synapse = linear_synapse(kInputs, width, path);
  CurrentView current;
  current.name = "layer";
  current.device = device;
  current.batch = source.batch();
  current.steps = kSteps;
  current.neurons = width;
  current.terms.push_back({source, weight, *synapse, 1.0f});
  const NeuronModel model = lif_model(std::exp(-0.1), 1.0, false);
  DeviceTimer timer(device);
  std::vector<double> forward;
  std::vector<double> backward;
  for (int i = 0; i <= repeats; ++i) {
    timer.mark();
    const SpikeTensor spikes = dispatch<cpu::forward_sweep, cuda::forward_sweep>(
        device, ForwardSweepArguments{current, model, true});
    timer.mark();
    const Tensor grad = Tensor::full({spikes.active_count()}, 1.0f, device);
    Tensor grad_source({source.active_count()}, device);
    Tensor grad_weight({kInputs, width}, device);
    CurrentGradients gradients;
    gradients.sources = {grad_source.data()};
    gradients.weights = {&grad_weight};
    timer.mark();
    dispatch<cpu::backward_sweep, cuda::backward_sweep>(
        device,
        BackwardSweepArguments{current,
                               model,
                               spikes,
                               {grad.data(), static_cast<std::size_t>(grad.size())},
                               gradients});
    timer.mark();
    const std::vector<double> ms = timer.take();
    if (i == 0) continue;
    forward.push_back(ms[0]);
    backward.push_back(ms[2]);
  }
  const auto median = [](std::vector<double>& values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  };
  return {median(forward), median(backward)};
}

}  // namespace

void bench_paths(Device device, std::int64_t batch, int repeats) {
  const std::vector<SynapsePath> paths = paths_of(device);
  fmt::print("{}: one layer of {} inputs, {} steps, batch {}; times in ms, median of {}\n",
             device_in_words(device),
             kInputs,
             kSteps,
             batch,
             repeats);
  std::string header = fmt::format("{:>6} {:>9}", "width", "density %");
  for (const SynapsePath path : paths)
    header += fmt::format(" | {:>12} {:>12}",
                          fmt::format("{} fwd", to_string(path)),
                          fmt::format("{} bwd", to_string(path)));
  for (std::size_t i = 1; i < paths.size(); ++i)
    header += fmt::format(" | {:>16}", fmt::format("event / {}", to_string(paths[i])));
  fmt::print("{}\n", header);
  for (const double percent : kPercents) {
    const SpikeTensor source = random_source(batch, percent).to(device);
    for (const std::int64_t width : kWidths) {
      std::string line = fmt::format("{:6} {:9.1f}", width, percent);
      std::string ratios;
      std::vector<PathTimes> times;
      for (const SynapsePath path : paths) {
        times.push_back(time_path(source, width, path, repeats));
        line += fmt::format(" | {:12.3f} {:12.3f}", times.back().forward, times.back().backward);
        if (times.size() > 1)
          ratios += fmt::format(" | {:8.2f} {:7.2f}",
                                times.front().forward / times.back().forward,
                                times.front().backward / times.back().backward);
      }
      fmt::print("{}{}\n", line, ratios);
      std::fflush(stdout);
    }
  }
}

}  // namespace spiketape::apps
