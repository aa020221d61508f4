// The table behind SynapsePath::automatic: one layer of LIF neurons, driven by random spikes of a
// given density, forward and backward by each path.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "apps/bench.hpp"
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

struct PathTimes {
  double forward;
  double backward;
};

/// Milliseconds of one layer: median of `repeats` after a warm-up.
PathTimes time_path(const SpikeTensor& source, std::int64_t width, SynapsePath path, int repeats) {
  using Clock = std::chrono::steady_clock;
  Random random(3);
  Tensor weight({kInputs, width});
  // About as many neurons near the threshold at every density: the currents have one variance.
  const double events =
      static_cast<double>(source.event_count()) / static_cast<double>(source.rows());
  const auto gain = static_cast<float>(0.3 / std::sqrt(events));
  for (float& w : weight.values()) w = gain * (2.0f * random.uniform() - 1.0f);
  const auto synapse = linear_synapse(kInputs, width, path);
  CurrentView current;
  current.name = "layer";
  current.batch = source.batch();
  current.steps = kSteps;
  current.neurons = width;
  current.terms.push_back({source, weight, *synapse, 1.0f});
  const NeuronModel model = lif_model(std::exp(-0.1), 1.0, false);
  std::vector<double> forward;
  std::vector<double> backward;
  for (int i = 0; i <= repeats; ++i) {
    const auto begin = Clock::now();
    const SpikeTensor spikes = cpu::forward_sweep({current, model, true});
    const auto middle = Clock::now();
    const std::vector<float> grad(static_cast<std::size_t>(spikes.active_count()), 1.0f);
    std::vector<float> grad_source(static_cast<std::size_t>(source.active_count()));
    Tensor grad_weight({kInputs, width});
    const auto ready = Clock::now();
    CurrentGradients gradients;
    gradients.sources = {grad_source.data()};
    gradients.weights = {&grad_weight};
    cpu::backward_sweep({current, model, spikes, grad, gradients});
    const auto end = Clock::now();
    if (i == 0) continue;
    forward.push_back(std::chrono::duration<double, std::milli>(middle - begin).count());
    backward.push_back(std::chrono::duration<double, std::milli>(end - ready).count());
  }
  const auto median = [](std::vector<double>& values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  };
  return {median(forward), median(backward)};
}

}  // namespace

void bench_paths(std::int64_t batch, int repeats) {
  fmt::print("one layer of {} inputs, {} steps, batch {}; times in ms, median of {}\n",
             kInputs,
             kSteps,
             batch,
             repeats);
  fmt::print("{:>6} {:>9} | {:>9} {:>9} | {:>9} {:>9} | {:>14}\n",
             "width",
             "density %",
             "event fwd",
             "event bwd",
             "gemm fwd",
             "gemm bwd",
             "event / gemm");
  for (const double percent : kPercents) {
    const SpikeTensor source = random_source(batch, percent);
    for (const std::int64_t width : kWidths) {
      const PathTimes event = time_path(source, width, SynapsePath::event, repeats);
      const PathTimes gemm = time_path(source, width, SynapsePath::gemm, repeats);
      fmt::print("{:6} {:9.1f} | {:9.2f} {:9.2f} | {:9.2f} {:9.2f} | {:6.2f} {:6.2f}\n",
                 width,
                 percent,
                 event.forward,
                 event.backward,
                 gemm.forward,
                 gemm.backward,
                 event.forward / gemm.forward,
                 event.backward / gemm.backward);
      std::fflush(stdout);
    }
  }
}

}  // namespace spiketape::apps
