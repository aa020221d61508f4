#include "core/kernels/spike_count.hpp"

#include <cstddef>

#include "core/parallel.hpp"

namespace spiketape::cpu {
namespace {

constexpr std::int64_t kSamplesPerTask = 32;

}  // namespace

void spike_count_forward(const SpikeCountForwardArguments& arguments) {
  const SpikeTensor& spikes = arguments.spikes;
  if (spikes.event_count() == 0) return;
  const auto offsets = spikes.event_offsets();
  const UnitId* const units = spikes.event_units().data();
  const std::int64_t steps = spikes.steps();
  const float amplitude = arguments.amplitude;
  parallel_ranges(spikes.batch(), kSamplesPerTask, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t sample = begin; sample < end; ++sample) {
      float* const count = arguments.counts + sample * spikes.neurons();
      for (auto e = offsets[static_cast<std::size_t>(sample * steps)];
           e < offsets[static_cast<std::size_t>((sample + 1) * steps)];
           ++e)
        count[units[e]] += amplitude;
    }
  });
}

void spike_count_backward(const SpikeCountBackwardArguments& arguments) {
  const SpikeTensor& spikes = arguments.spikes;
  if (spikes.active_count() == 0) return;
  const auto offsets = spikes.active_offsets();
  const UnitId* const units = spikes.active_units().data();
  const std::int64_t steps = spikes.steps();
  const float amplitude = arguments.amplitude;
  parallel_ranges(spikes.batch(), kSamplesPerTask, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t sample = begin; sample < end; ++sample) {
      const float* const grad_count = arguments.grad_counts + sample * spikes.neurons();
      for (auto e = offsets[static_cast<std::size_t>(sample * steps)];
           e < offsets[static_cast<std::size_t>((sample + 1) * steps)];
           ++e)
        arguments.grad[e] += amplitude * grad_count[units[e]];
    }
  });
}

}  // namespace spiketape::cpu
