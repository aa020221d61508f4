#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "core/parallel.hpp"

namespace spiketape {

// z[b, i] = amplitude * sum over t of S[b, t, i];  dL/dS[b, t, i] = amplitude * dL/dz[b, i] at each
// active entry.  Saved: nothing.
Variable spike_count(const SpikeVariable& spikes) {
  const bool recorded = recording(spikes);
  const std::int64_t steps = spikes.steps();
  const std::int64_t neurons = spikes.neurons();
  Variable counts(Tensor({spikes.batch(), neurons}), recorded);
  if (spikes.value().event_count() > 0)
    parallel_ranges(spikes.batch(), 32, [&](std::int64_t begin, std::int64_t end) {
      const auto offsets = spikes.value().event_offsets();
      const UnitId* const units = spikes.value().event_units().data();
      for (std::int64_t sample = begin; sample < end; ++sample) {
        float* const count = counts.value().data() + sample * neurons;
        for (auto e = offsets[static_cast<std::size_t>(sample * steps)];
             e < offsets[static_cast<std::size_t>((sample + 1) * steps)];
             ++e)
          count[units[e]] += spikes.amplitude();
      }
    });
  if (recorded)
    Tape::current()->record("spike_count", [spikes, counts, steps, neurons] {
      if (!counts.has_grad() || spikes.value().active_count() == 0) return;
      float* const grad = spikes.grad().data();
      parallel_ranges(spikes.batch(), 32, [&](std::int64_t begin, std::int64_t end) {
        const auto offsets = spikes.value().active_offsets();
        const UnitId* const units = spikes.value().active_units().data();
        for (std::int64_t sample = begin; sample < end; ++sample) {
          const float* const grad_count = counts.grad().data() + sample * neurons;
          for (auto e = offsets[static_cast<std::size_t>(sample * steps)];
               e < offsets[static_cast<std::size_t>((sample + 1) * steps)];
               ++e)
            grad[e] += spikes.amplitude() * grad_count[units[e]];
        }
      });
    });
  return counts;
}

}  // namespace spiketape
