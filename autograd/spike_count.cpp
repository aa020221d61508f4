#include "core/kernels/spike_count.hpp"
#include "autograd/dispatch.hpp"
#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"

namespace spiketape {

// z[b, i] = amplitude * sum over t of S[b, t, i];  dL/dS[b, t, i] = amplitude * dL/dz[b, i] at each
// active entry.  Saved: nothing.
Variable spike_count(const SpikeVariable& spikes) {
  const bool recorded = recording(spikes);
  const Device device = spikes.value().device();
  Variable counts(Tensor({spikes.batch(), spikes.neurons()}, device), recorded);
  dispatch<cpu::spike_count_forward, cuda::spike_count_forward>(
      device,
      SpikeCountForwardArguments{.spikes = spikes.value(),
                                 .amplitude = spikes.amplitude(),
                                 .counts = counts.value().data()});
  if (recorded)
    Tape::current()->record("spike_count", [spikes, counts, device] {
      if (!counts.has_grad() || spikes.value().active().room() == 0) return;
      dispatch<cpu::spike_count_backward, cuda::spike_count_backward>(
          device,
          SpikeCountBackwardArguments{.spikes = spikes.value(),
                                      .amplitude = spikes.amplitude(),
                                      .grad_counts = counts.grad().data(),
                                      .grad = spikes.grad().data()});
    });
  return counts;
}

}  // namespace spiketape
