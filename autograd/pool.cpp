#include <fmt/format.h>

#include "autograd/dispatch.hpp"
#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "core/kernels/pool.hpp"

namespace spiketape {

// out[map[i]] += S[i], so an entry keeps its place and changes its unit;  dL/dS[e] = dL/dout[e],
// entry by entry. Saved: nothing.
SpikeVariable pool(const SpikeVariable& spikes, std::span<const UnitId> map, std::int64_t outputs) {
  if (static_cast<std::int64_t>(map.size()) != spikes.neurons())
    throw ShapeError(fmt::format("pool: the map has {} entries for {} neurons; expected one each",
                                 map.size(),
                                 spikes.neurons()));
  for (std::size_t i = 0; i < map.size(); ++i)
    if (map[i] >= outputs)
      throw ShapeError(fmt::format(
          "pool: neuron {} is mapped to {}; expected below {} outputs", i, map[i], outputs));
  const SpikeTensor& value = spikes.value();
  const auto map_units = [&](const UnitRows& rows) {
    return dispatch<cpu::pool_forward, cuda::pool_forward>(
        value.device(), PoolForwardArguments{.rows = rows, .map = map});
  };
  const bool recorded = recording(spikes);
  SpikeVariable out(SpikeTensor(value.batch(),
                                value.steps(),
                                outputs,
                                map_units(value.events()),
                                recorded ? map_units(value.active()) : UnitRows{}),
                    recorded,
                    spikes.amplitude());
  if (recorded)
    Tape::current()->record("pool", [spikes, out] {
      if (!out.has_grad()) return;
      dispatch<cpu::pool_backward, cuda::pool_backward>(
          spikes.value().device(),
          PoolBackwardArguments{.grad_pooled = out.grad(), .grad = spikes.grad()});
    });
  return out;
}

}  // namespace spiketape
