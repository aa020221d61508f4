#include <utility>

#include <fmt/format.h>

#include "autograd/dispatch.hpp"
#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "core/kernels/dropout.hpp"

namespace spiketape {

// out = mask S / (1 - p), the factor as amplitude;  dL/dS = mask dL/dout (the synapse has applied
// the amplitude). The active set is cut to the places that survive, so consumers do no work for the
// others.  Saved: nothing.
SpikeVariable dropout(const SpikeVariable& spikes,
                      float probability,
                      std::uint64_t seed,
                      std::uint64_t call,
                      bool whole_units) {
  if (!(probability >= 0.0f && probability < 1.0f))
    throw Error(fmt::format("dropout: expected a probability in [0, 1), got {}", probability));
  if (probability == 0.0f) return spikes;
  const SpikeTensor& value = spikes.value();
  const DropoutMask mask{.probability = probability,
                         .whole_units = whole_units,
                         .seed = seed,
                         .call = call,
                         .steps = value.steps(),
                         .neurons = value.neurons()};
  const auto filter = [&](const UnitRows& rows) {
    return dispatch<cpu::dropout_forward, cuda::dropout_forward>(
        value.device(), DropoutForwardArguments{.mask = mask, .rows = rows});
  };
  const bool recorded = recording(spikes);
  SpikeTensor kept(value.batch(),
                   value.steps(),
                   value.neurons(),
                   filter(value.events()),
                   recorded ? filter(value.active()) : UnitRows{});
  SpikeVariable out(std::move(kept), recorded, spikes.amplitude() / (1.0f - probability));
  if (recorded)
    Tape::current()->record("dropout", [spikes, out, mask] {
      if (!out.has_grad()) return;
      dispatch<cpu::dropout_backward, cuda::dropout_backward>(
          spikes.value().device(),
          DropoutBackwardArguments{.mask = mask,
                                   .rows = spikes.value().active(),
                                   .kept = out.value().active(),
                                   .grad_kept = out.grad().data(),
                                   .grad = spikes.grad().data()});
    });
  return out;
}

}  // namespace spiketape
