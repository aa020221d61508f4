#include <vector>

#include <fmt/format.h>

#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"

namespace spiketape {
namespace {

UnitRows map_units(const UnitRows& rows, std::span<const UnitId> map) {
  if (!rows.units) return rows;
  Buffer<UnitId> mapped(rows.units->size());
  for (std::size_t e = 0; e < mapped.size(); ++e) mapped[e] = map[(*rows.units)[e]];
  return {rows.offsets, std::make_shared<const Buffer<UnitId>>(std::move(mapped))};
}

}  // namespace

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
  const bool recorded = recording(spikes);
  SpikeVariable out(SpikeTensor(value.batch(),
                                value.steps(),
                                outputs,
                                map_units(value.events(), map),
                                recorded ? map_units(value.active(), map) : UnitRows{}),
                    recorded,
                    spikes.amplitude());
  if (recorded)
    Tape::current()->record("pool", [spikes, out] {
      if (!out.has_grad()) return;
      for (std::int64_t e = 0; e < out.grad().size(); ++e)
        spikes.grad().data()[e] += out.grad().data()[e];
    });
  return out;
}

}  // namespace spiketape
