#include <memory>
#include <utility>

#include <fmt/format.h>

#include "autograd/dispatch.hpp"
#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "core/kernels/dropout.hpp"
#include "core/replay.hpp"

namespace spiketape {
namespace {

/// `earlier_calls`: what mask points at, on a card in a recorded step; else null.
SpikeVariable drop(const SpikeVariable& spikes,
                   DropoutMask mask,
                   const std::shared_ptr<const Buffer<std::uint64_t>>& earlier_calls) {
  const SpikeTensor& value = spikes.value();
  mask.steps = value.steps();
  mask.neurons = value.neurons();
  if (earlier_calls) mask.earlier_calls = earlier_calls->data();
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
  SpikeVariable out(std::move(kept), recorded, spikes.amplitude() / (1.0f - mask.probability));
  if (recorded)
    Tape::current()->record("dropout", [spikes, out, mask, earlier_calls] {
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

void require_probability(float probability) {
  if (!(probability >= 0.0f && probability < 1.0f))
    throw Error(fmt::format("dropout: expected a probability in [0, 1), got {}", probability));
}

}  // namespace

// out = mask S / (1 - p), the factor as amplitude;  dL/dS = mask dL/dout (the synapse has applied
// the amplitude). The active set is cut to the places that survive, so consumers do no work for the
// others.  Saved: nothing.
SpikeVariable dropout(const SpikeVariable& spikes,
                      float probability,
                      std::uint64_t seed,
                      std::uint64_t call,
                      bool whole_units) {
  require_probability(probability);
  if (probability == 0.0f) return spikes;
  return drop(spikes,
              {.probability = probability, .whole_units = whole_units, .seed = seed, .call = call},
              nullptr);
}

SpikeVariable dropout(const SpikeVariable& spikes,
                      float probability,
                      std::uint64_t seed,
                      const std::shared_ptr<std::uint64_t>& calls,
                      bool whole_units) {
  Replay* const replay = Replay::recording();
  if (replay == nullptr || probability == 0.0f)
    return dropout(spikes, probability, seed, (*calls)++, whole_units);
  require_probability(probability);
  const std::uint64_t begin = replay->follow_counter(calls);
  const auto earlier = std::make_shared<const Buffer<std::uint64_t>>(
      Buffer<std::uint64_t>::copy_of({calls.get(), 1}, MemoryTag::tape, spikes.value().device()));
  return drop(spikes,
              {.probability = probability,
               .whole_units = whole_units,
               .seed = seed,
               .call = (*calls)++ - begin},
              earlier);
}

}  // namespace spiketape
