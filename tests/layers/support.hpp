#pragma once

#include <cstdint>
#include <vector>

#include "core/buffer.hpp"
#include "core/random.hpp"
#include "core/spike_tensor.hpp"

/// Spike tensors for the tests of the layers.
namespace spiketape::testing {

/// Random events: each (sample, step, neuron) fires with `rate`.
inline std::vector<Event> random_events(std::int32_t batch,
                                        std::int32_t steps,
                                        std::int32_t neurons,
                                        float rate,
                                        std::uint64_t seed = 0) {
  std::vector<Event> events;
  Random random(seed, 99);
  for (std::int32_t b = 0; b < batch; ++b)
    for (std::int32_t t = 0; t < steps; ++t)
      for (std::int32_t n = 0; n < neurons; ++n)
        if (random.uniform() < rate) events.push_back({b, t, n});
  return events;
}

inline SpikeTensor random_spikes(std::int32_t batch,
                                 std::int32_t steps,
                                 std::int32_t neurons,
                                 float rate,
                                 std::uint64_t seed = 0) {
  return SpikeTensor::from_events(
      batch, steps, neurons, random_events(batch, steps, neurons, rate, seed));
}

/// Random events and, independent of them, a random active set with slope 1.
inline SpikeTensor random_layer(std::int32_t batch,
                                std::int32_t steps,
                                std::int32_t neurons,
                                float rate,
                                float active_rate,
                                std::uint64_t seed = 0) {
  const SpikeTensor events = random_spikes(batch, steps, neurons, rate, seed);
  const SpikeTensor active = random_spikes(batch, steps, neurons, active_rate, seed + 1);
  const std::vector<float> slopes(static_cast<std::size_t>(active.event_count()), 1.0f);
  return {batch,
          steps,
          neurons,
          events.events(),
          active.events(),
          std::make_shared<const Buffer<float>>(Buffer<float>::copy_of(slopes))};
}

}  // namespace spiketape::testing
