#include <fmt/format.h>

#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "core/random.hpp"

namespace spiketape {
namespace {

/// Which (sample, step, neuron) places survive: a pure function, so backward asks again instead of
/// storing a mask.
struct Mask {
  float probability;
  std::uint64_t seed;
  std::uint64_t call;
  bool whole_units;
  std::int64_t steps;
  std::int64_t neurons;

  bool keeps(std::int64_t row, UnitId unit) const {
    const std::int64_t place = (whole_units ? row / steps : row) * neurons + unit;
    return random_uniform(seed, call, static_cast<std::uint64_t>(place)) >= probability;
  }
};

/// Rows with only the entries that the mask keeps.
UnitRows filter(std::span<const std::uint32_t> offsets,
                std::span<const UnitId> units,
                const Mask& mask) {
  if (offsets.empty()) return {};
  const auto rows = static_cast<std::int64_t>(offsets.size()) - 1;
  Buffer<std::uint32_t> kept_offsets(offsets.size());
  std::vector<std::uint8_t> keep(units.size());
  kept_offsets[0] = 0;
  parallel_ranges(rows, 4096, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const auto r = static_cast<std::size_t>(row);
      std::uint32_t count = 0;
      for (std::uint32_t e = offsets[r]; e < offsets[r + 1]; ++e) {
        keep[e] = mask.keeps(row, units[e]) ? 1 : 0;
        count += keep[e];
      }
      kept_offsets[r + 1] = count;
    }
  });
  for (std::size_t row = 1; row < kept_offsets.size(); ++row)
    kept_offsets[row] += kept_offsets[row - 1];
  Buffer<UnitId> kept_units(kept_offsets[kept_offsets.size() - 1]);
  std::size_t to = 0;
  for (std::uint32_t e = 0; e < offsets.back(); ++e)
    if (keep[e] != 0) kept_units[to++] = units[e];
  return {std::make_shared<const Buffer<std::uint32_t>>(std::move(kept_offsets)),
          std::make_shared<const Buffer<UnitId>>(std::move(kept_units))};
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
  if (!(probability >= 0.0f && probability < 1.0f))
    throw Error(fmt::format("dropout: expected a probability in [0, 1), got {}", probability));
  if (probability == 0.0f) return spikes;
  const SpikeTensor& value = spikes.value();
  const Mask mask{probability, seed, call, whole_units, value.steps(), value.neurons()};
  const bool recorded = recording(spikes);
  SpikeTensor kept(
      value.batch(),
      value.steps(),
      value.neurons(),
      filter(value.event_offsets(), value.event_units(), mask),
      recorded ? filter(value.active_offsets(), value.active_units(), mask) : UnitRows{});
  SpikeVariable out(std::move(kept), recorded, spikes.amplitude() / (1.0f - probability));
  if (recorded)
    Tape::current()->record("dropout", [spikes, out, mask] {
      if (!out.has_grad()) return;
      const auto offsets = spikes.value().active_offsets();
      const auto kept_offsets = out.value().active_offsets();
      const UnitId* const units = spikes.value().active_units().data();
      const float* const grad_out = out.grad().data();
      float* const grad = spikes.grad().data();
      parallel_ranges(spikes.value().rows(), 4096, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t row = begin; row < end && !offsets.empty(); ++row) {
          std::uint32_t from = kept_offsets[static_cast<std::size_t>(row)];
          for (auto e = offsets[static_cast<std::size_t>(row)];
               e < offsets[static_cast<std::size_t>(row) + 1];
               ++e)
            if (mask.keeps(row, units[e])) grad[e] += grad_out[from++];
        }
      });
    });
  return out;
}

}  // namespace spiketape
